//! x
use shared::model_call::*;
/// x
pub struct Companion;
impl Companion {
    /// x
    pub fn new(_: String) -> Self { Self }
}
impl ModelCall for Companion { fn generate(&self, _: GenerationRequest) -> GenerationStream { todo!() } }
