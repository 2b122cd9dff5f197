//! GGUF bytes in, token ids out: the inference engine, the same crate in the tab and natively.
//!
//! The story: [`gguf`] reads the header of a file through a [`source::ReadAt`]; [`models`] turns its metadata into a
//! [`plan::Plan`], a forward pass as plain data; an executor ([`cpu`] or [`gpu`]) takes the weights to their place
//! and walks the plan for each batch of tokens; [`generation`] samples, stops, and streams events.
//!
//! What is never here: files of the app, HTTP, a clock other than the one [`clock`] hides, threads on the web.

// What tests share calls the engine by its name.
#[cfg(all(test, target_os = "linux"))]
extern crate self as engine;

pub mod adapter;
pub mod clock;
mod constraint;
pub mod cpu;
mod embedding;
pub mod error;
pub mod executor;
pub mod generation;
pub mod gguf;
pub mod gpu;
mod log_probabilities;
pub mod model;
pub mod models;
pub mod plan;
mod prompt;
pub mod quantization;
pub mod source;
pub mod text;
#[cfg(not(target_arch = "wasm32"))]
pub mod training;
pub mod weights;

pub use error::EngineError;
pub use generation::Generation;
pub use model::{Device, LoadOptions, LoadProgress, MemoryUse, Model, ModelSummary, Speed, read_summary};
pub use text::ModelText;
