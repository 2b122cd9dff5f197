//! Low-rank adapters (LoRA, Hu et al. 2021): beside a matrix W of a model, `factor * B A` with few rows and columns. Matrices
//! are named and laid out as in the model's GGUF file; [`peft`] and [`gguf`] are the files that others read.

pub mod gguf;
mod loaded;
mod merge;
pub mod peft;
mod placement;
mod settings;

pub(crate) use loaded::LoadedAdapters;
pub use merge::merge;
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
    /// Of a DoRA, the length of each row of the model's matrix and the adapter together, `[rows]`.
    pub magnitude: Option<Vec<f32>>,
}

impl LoraMatrix {
    /// Puts the adapter into the model's matrix, `[rows, columns]`: `W + factor B A`, and of a DoRA each row of it at its
    /// learned length.
    pub fn merge_into(&self, factor: f32, weight: &mut [f32]) {
        let rank = self.a.len() / self.columns;
        for (row, b) in weight.chunks_exact_mut(self.columns).zip(self.b.chunks_exact(rank)) {
            for (a, b) in self.a.chunks_exact(self.columns).zip(b) {
                row.iter_mut().zip(a).for_each(|(value, a)| *value += factor * b * a);
            }
        }
        let magnitudes = self.magnitude.iter().flatten();
        for (row, magnitude) in weight.chunks_exact_mut(self.columns).zip(magnitudes) {
            let length = row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt() as f32;
            row.iter_mut().for_each(|value| *value *= magnitude / length);
        }
    }
}

/// Why an adapter can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// It is damaged, or of a kind that is not known.
    #[error("this adapter can't be used: {0}")]
    Malformed(String),
    /// What was asked for has no place for all of it.
    #[error("this adapter can't be used so: {0}")]
    NoPlace(String),
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
        let dora = matrices.iter().any(|matrix| matrix.magnitude.is_some());
        let settings = LoraSettings { rank, alpha, scaling, targets, dora };
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
