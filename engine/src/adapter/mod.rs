//! Low-rank adapters (LoRA, Hu et al. 2021): beside a matrix W of a model, `factor * B A` with few rows and columns. Matrices
//! are named and laid out as in the model's GGUF file; [`peft`] and [`gguf`] are the files that others read.

pub mod gguf;
pub mod peft;
mod settings;

pub use settings::{LoraSettings, Scaling};

/// An adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraAdapter {
    /// The architecture of the model that it belongs to, as GGUF names it.
    pub architecture: String,
    /// Rows of each A and columns of each B, what is added is multiplied by, and where there is one.
    pub settings: LoraSettings,
    /// In the order of the model's layers.
    pub matrices: Vec<LoraMatrix>,
}

/// What stands beside one matrix of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraMatrix {
    /// The matrix, as `blk.0.attn_q.weight`.
    pub tensor: String,
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// A, `[rank, columns]`
    pub a: Vec<f32>,
    /// B, `[rows, rank]`
    pub b: Vec<f32>,
}

/// Why an adapter can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// It is damaged, or of a kind that is not known.
    #[error("this adapter can't be used: {0}")]
    Malformed(String),
    /// It is not one for this model.
    #[error("this adapter does not fit the model: {0}")]
    OfAnotherModel(String),
}
