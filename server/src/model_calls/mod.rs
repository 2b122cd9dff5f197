//! The ways to models that shared code is given here, each a [`shared::model_call::ModelCall`], and the clock with them.

mod local;
mod named;
mod provider;
mod timer;

pub use named::{NamedModel, NamedModels};
pub use provider::ProviderCall;
pub use timer::EngineTimer;
