//! The companion's ways to a model; each is a [`shared::model_call::ModelCall`].

mod local;

pub use local::LocalModels;
