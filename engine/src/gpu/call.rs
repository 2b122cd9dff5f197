//! One dispatch as plain data: which kernel, on which buffers, on how large a grid.

use super::shader::Shader;
use crate::plan::{BufferId, RopeId, Rows, WeightId};

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The kernel.
    pub shader: Shader,
    /// What its bindings are, in order.
    pub resources: Vec<Resource>,
    /// How many workgroups.
    pub grid: Grid,
}

/// A buffer or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// What changes from batch to batch: [`Batch`].
    Batch,
    /// The batch's token ids. `[tokens]`
    TokenIds,
    /// A buffer of the plan.
    Activations(BufferId),
    /// One plane of one shard of a weight.
    Weight {
        /// The weight.
        weight: WeightId,
        /// Which run of its rows.
        shard: usize,
        /// Which part of its blocks.
        plane: Plane,
    },
    /// Of what an adapter has beside a weight: every A on top of each other. `[parts * rank, columns]`
    AdapterA(WeightId),
    /// Of what an adapter has beside a weight: every B on top of each other. `[rows of all parts, rank]`
    AdapterB(WeightId),
    /// What an adapter's A make of a step's input. `[rows, parts * rank]`
    Reduced,
    /// A rotary table: cosines and sines.
    Rope(RopeId),
    /// A layer's keys.
    Keys(usize),
    /// A layer's values.
    Values(usize),
    /// What the splits of one attention step leave for the merge.
    AttentionParts,
    /// How to choose the next token.
    Sampling,
    /// One bit per token of the vocabulary: is it in the context?
    Seen,
    /// Tokens that may be chosen, one bit each, where only some may.
    Allowed,
    /// The best logit of each chunk of the vocabulary, and the chunk's share of the softmax.
    ChunkBests,
    /// Tokens that may be chosen, with their logits.
    Candidates,
    /// How many there are.
    CandidateCount,
    /// The tokens chosen since the last readback.
    Chosen,
}

/// One part of every block of a weight, gathered into one array; see `planes.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// The quantized values, or the floats themselves.
    Quants,
    /// Scales, and minimums where the format has them.
    Scales,
    /// The fifth bits.
    High,
}

/// How many workgroups a dispatch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grid {
    /// This many.
    Fixed(u32),
    /// `x` for each run of `rows_per_group` rows.
    Rows {
        /// Workgroups per run.
        x: u32,
        /// Rows of a run.
        rows_per_group: u32,
        /// Which rows.
        rows: Rows,
    },
    /// `x` for each row and each split of the positions that attention looks at.
    Splits {
        /// Workgroups per row and split.
        x: u32,
        /// How positions are split.
        splitting: Splitting,
    },
    /// `x` for each row, where there is more than one split; none otherwise.
    Merge {
        /// Workgroups per row.
        x: u32,
        /// How positions are split.
        splitting: Splitting,
    },
}

/// How the positions that one token attends to are divided among workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Splitting {
    /// Positions before this many are not split further; 0 never splits.
    pub least_positions: u32,
    /// The most a token sees; 0 is all.
    pub window: u32,
}

/// The most splits of one token's positions.
pub(super) const MOST_SPLITS: u32 = 32;

impl Splitting {
    /// Number of splits for the token at `position`. `attention.wgsl` has the same arithmetic.
    pub fn count(self, position: u32) -> u32 {
        if self.least_positions == 0 {
            return 1;
        }
        let seen = position + 1;
        let seen = if self.window > 0 { seen.min(self.window) } else { seen };
        seen.div_ceil(seen.div_ceil(MOST_SPLITS).max(self.least_positions))
    }
}

impl Grid {
    /// Workgroups for `batch`; `None` where there is nothing to do.
    pub fn workgroups(self, batch: &Batch) -> Option<[u32; 3]> {
        match self {
            Self::Fixed(x) => Some([x, 1, 1]),
            Self::Rows { x, rows_per_group, rows } => Some([x, batch.rows(rows).div_ceil(rows_per_group), 1]),
            Self::Splits { x, splitting } => Some([x, batch.tokens, splitting.count(batch.first_position)]),
            Self::Merge { x, splitting } => (splitting.count(batch.first_position) > 1).then_some([x, batch.tokens, 1]),
        }
    }
}

/// What changes from batch to batch. Decoding advances it on the GPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Batch {
    /// Index of the batch's first token in the sequence.
    pub first_position: u32,
    /// Number of tokens.
    pub tokens: u32,
    /// The first token whose logits are wanted.
    pub first_logit_row: u32,
    /// How many are.
    pub logit_rows: u32,
    /// Tokens chosen since the last readback.
    pub chosen: u32,
    /// Uniform structs are multiples of 16 bytes.
    pub padding: [u32; 3],
}

impl Batch {
    /// How many rows a step or a buffer of such rows has.
    pub fn rows(&self, rows: Rows) -> u32 {
        match rows {
            Rows::All => self.tokens,
            Rows::Logits => self.logit_rows,
        }
    }
}

/// [`Batch`] in WGSL.
pub(super) const BATCH: &str = "struct Batch {
    first_position: u32,
    tokens: u32,
    first_logit_row: u32,
    logit_rows: u32,
    chosen: u32,
    padding_a: u32,
    padding_b: u32,
    padding_c: u32,
}
";
