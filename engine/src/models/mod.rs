//! Architectures: metadata and tensor names in, a [`Plan`] out. One file per `general.architecture`.

mod gemma3;
pub mod hugging_face;
mod hyperparameters;
mod llama;

pub use hyperparameters::Hyperparameters;

use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::Plan;

/// The architectures the engine knows, by their GGUF names.
pub const NAMES: [&str; 2] = ["gemma3", "llama"];

/// The forward pass of the model in `file`.
///
/// # Errors
/// An unknown architecture, or a file that lacks what its architecture needs.
pub fn plan(file: &GgufFile, hyperparameters: &Hyperparameters) -> Result<Plan, EngineError> {
    match hyperparameters.architecture.as_str() {
        "gemma3" => gemma3::plan(file, hyperparameters),
        "llama" => llama::plan(file, hyperparameters),
        other => Err(EngineError::UnsupportedArchitecture(other.to_owned())),
    }
}
