//! A forward pass as plain data: one description, one reader per backend.
//!
//! A [`Plan`] lists named [`Step`]s over activation buffers. Every buffer is a matrix `[rows, columns]` with one row
//! per token of the batch; steps read and write [`View`]s: column ranges of a buffer. The operations are a closed
//! list that maps one to one to kernels; a new fusion is a new operation, not a rewriting pass. Because every step
//! has a name, two backends can be compared step by step.

mod builder;
mod operation;

pub use builder::PlanBuilder;
pub use operation::{Activation, Operation, RopePairing, Rows};

/// Index of a buffer in [`Plan::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub usize);

/// Index of a weight in [`Plan::weights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WeightId(pub usize);

/// Index of a rotary table in [`Plan::ropes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RopeId(pub usize);

/// One model's forward pass.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Activation buffers.
    pub buffers: Vec<Buffer>,
    /// Weights, in the order the steps first use them.
    pub weights: Vec<Weight>,
    /// Rotary position tables.
    pub ropes: Vec<Rope>,
    /// Key-value caches, one per layer.
    pub caches: Vec<Cache>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// Where the last norm leaves its result, which the logits are computed from: `[logit rows, width]`, a whole buffer.
    pub hidden: View,
    /// Where the last step leaves the logits: `[logit rows, vocabulary]`.
    pub logits: View,
    /// Number of tokens.
    pub vocabulary_size: usize,
}

impl Plan {
    /// True where `weight` is a norm's: a row of plain floats that is never multiplied as a matrix.
    pub fn is_norm(&self, weight: WeightId) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step.operation, Operation::RmsNorm { weight: norm, .. } if norm == weight))
    }
}

/// One named step.
#[derive(Clone, Debug)]
pub struct Step {
    /// For people and for comparing backends, e.g. `layer 3 attention norm`.
    pub name: String,
    /// What it does.
    pub operation: Operation,
    /// Which rows it works on.
    pub rows: Rows,
}

/// A matrix of activations, one row per token.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// For people.
    pub name: &'static str,
    /// Values per row.
    pub columns: usize,
    /// Which tokens have a row here.
    pub rows: Rows,
}

/// A column range of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The buffer.
    pub buffer: BufferId,
    /// First column of the range.
    pub first_column: usize,
    /// Number of columns.
    pub columns: usize,
}

/// A matrix `[rows, columns]`, possibly several tensors of one type and width stacked on each other so that one
/// kernel reads them (query, key and value of a layer).
#[derive(Clone, Debug)]
pub struct Weight {
    /// The tensors' names in stacking order.
    pub tensors: Vec<String>,
    /// How all of them are stored.
    pub block_type: crate::quantization::BlockType,
    /// Rows of all of them together.
    pub rows: usize,
    /// Values per row.
    pub columns: usize,
}

impl Weight {
    /// Bytes of the whole stack.
    pub fn size_bytes(&self) -> u64 {
        self.rows as u64 * self.block_type.row_bytes(self.columns) as u64
    }
}

/// Rotary position embedding (Su et al. 2021): angle of pair `i` at position `p` is
/// `p * frequency_scale / base^(2 i / dimensions)`, divided by `factors[i]` where the file has such factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Leading values of each head that are rotated.
    pub dimensions: usize,
    /// The base.
    pub base: f32,
    /// Linear scaling of positions; 1 is none.
    pub frequency_scale: f32,
    /// Per-pair divisors (Llama 3 scaling); empty is none. `[dimensions / 2]`
    pub factors: Vec<f32>,
}

impl Rope {
    /// Radians per position of pair `pair`.
    pub fn frequency(&self, pair: usize) -> f64 {
        let exponent = -2.0 * pair as f64 / self.dimensions as f64;
        let factor = self.factors.get(pair).map_or(1.0, |&factor| f64::from(factor));
        f64::from(self.base).powf(exponent) * f64::from(self.frequency_scale) / factor
    }

    /// Of each position in turn, each pair's (cosine, sine).
    pub(crate) fn angles(&self, positions: impl Iterator<Item = usize>) -> Vec<(f32, f32)> {
        let frequencies: Vec<f64> = (0..self.dimensions / 2).map(|pair| self.frequency(pair)).collect();
        positions
            .flat_map(|position| frequencies.iter().map(move |frequency| (position as f64 * frequency).sin_cos()))
            .map(|(sine, cosine)| (cosine as f32, sine as f32))
            .collect()
    }
}

/// The key-value cache of one layer: `[context, heads * head_size]` keys and as many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Key-value heads.
    pub heads: usize,
    /// Values per head.
    pub head_size: usize,
}
