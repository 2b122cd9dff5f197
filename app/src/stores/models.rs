//! x
use super::{settings::Settings, engine::EngineStore, companion::CompanionStore, devices::DeviceStore};
use crate::components::Toaster;
/// x
#[derive(Clone, Copy)]
pub struct ModelStore;
impl ModelStore { /// x
pub fn start(_: Settings, _: Toaster, _: EngineStore, _: CompanionStore, _: DeviceStore) -> Self { Self }
/// x
pub fn complete_names(self) -> Vec<String> { vec![] } }
