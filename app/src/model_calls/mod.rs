//! The two ways the page reaches a model; both are a [`shared::model_call::ModelCall`]. And what either sees of a
//! prompt, which asks for no answer.

pub mod browser_engine;
pub mod companion;
pub mod preview;

pub use browser_engine::{BrowserEngine, load_adapter};
pub use companion::Companion;
