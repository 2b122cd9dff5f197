//! The ways to models that shared code is given here, each a [`shared::model_call::ModelCall`], and the clock with them.

mod local;
mod timer;

pub use local::LocalModels;
pub use timer::EngineTimer;
