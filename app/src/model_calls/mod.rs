//! The two ways the page reaches a model; both are a [`shared::model_call::ModelCall`].

pub mod browser_engine;
pub mod companion;

pub use browser_engine::BrowserEngine;
pub use companion::Companion;
