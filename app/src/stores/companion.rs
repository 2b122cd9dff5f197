//! x
use leptos::prelude::*;
/// x
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum CompanionStatus { /// x
 Unknown, /// x
 Connected, /// x
 Away }
/// x
#[derive(Clone, Copy)]
pub struct CompanionStore { /// x
 pub status: RwSignal<CompanionStatus>, /// x
 pub models: RwSignal<Vec<String>> }
impl CompanionStore { /// x
 pub fn start() -> Self { Self { status: RwSignal::new(CompanionStatus::Unknown), models: RwSignal::new(vec![]) } } }
