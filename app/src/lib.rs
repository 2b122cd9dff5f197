//! The app: the page (Leptos) and the engine worker, two WASM bundles from one crate.
//!
//! The page draws and sends messages; the worker holds the model, computes, and owns the model files. Both use what
//! is here; only the worker's entry (`src/bin/engine_worker.rs`) names [`engine_worker::host`], so only its bundle
//! holds the engine.

pub mod app;
pub mod browser;
pub mod companion;
pub mod components;
pub mod engine_worker;
pub mod markdown;
pub mod model_calls;
pub mod pages;
pub mod quantities;
pub mod storage;
pub mod stores;
pub mod test_hooks;
pub mod workspace;
