//! Low-rank adapters (LoRA, Hu et al. 2021): beside a matrix W of a model, `factor * B A` with few rows and columns. Matrices
//! are named and laid out as in the model's GGUF file; [`peft`] and [`gguf`] are the files that others read.

pub mod gguf;
mod loaded;
pub mod peft;
mod placement;
mod settings;

pub(crate) use loaded::LoadedAdapters;
pub(crate) use placement::AdaptableMatrices;
pub use placement::{AdaptedRows, Placement};
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

impl LoraAdapter {
    /// One of these matrices, in whatever order a file has them.
    fn new(architecture: &str, rank: usize, alpha: f32, scaling: Scaling, mut matrices: Vec<LoraMatrix>) -> Self {
        matrices.sort_by_key(|matrix| place(&matrix.tensor));
        let mut targets: Vec<String> = Vec::new();
        for matrix in &matrices {
            let target = matrix.tensor.split('.').nth(2).unwrap_or_default();
            if !targets.iter().any(|known| known == target) {
                targets.push(target.to_owned());
            }
        }
        let settings = LoraSettings { rank, alpha, scaling, targets };
        Self { architecture: architecture.to_owned(), settings, matrices }
    }
}

/// By layer, and within it as the layers compute.
fn place(tensor: &str) -> (usize, usize) {
    let mut parts = tensor.split('.').skip(1);
    let layer = parts.next().and_then(|layer| layer.parse().ok()).unwrap_or(usize::MAX);
    let part = parts.next().unwrap_or_default();
    let known = LoraSettings::ALL_TARGETS.iter().position(|target| *target == part);
    (layer, known.unwrap_or(usize::MAX))
}
