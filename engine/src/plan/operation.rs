//! What one step does. The list is closed: each operation is one kernel per backend.

use super::{RopeId, View, WeightId};

/// What one step does to the rows of a batch.
#[derive(Clone, Debug)]
pub enum Operation {
    /// output row = scale * table row of the token.
    Embed {
        /// `[vocabulary, columns]`
        table: WeightId,
        /// Gemma multiplies by the square root of the width; others by 1.
        scale: f32,
        /// Where the rows go.
        output: View,
    },
    /// Root-mean-square norm (Zhang & Sennrich 2019) of each group of `group_columns` values:
    /// x / sqrt(mean(x^2) + epsilon) * weight. A group is a whole row, or one head.
    RmsNorm {
        /// What is normalized; may equal `output`.
        input: View,
        /// `[1, group_columns]`
        weight: WeightId,
        /// Added to the mean.
        epsilon: f32,
        /// Values normalized together; divides the view's columns.
        group_columns: usize,
        /// Where the result goes.
        output: View,
    },
    /// output = input * weight^T, or output += where `accumulate`.
    Linear {
        /// `[tokens, weight.columns]`
        input: View,
        /// `[output.columns, input.columns]`
        weight: WeightId,
        /// `[tokens, weight.rows]`
        output: View,
        /// Add to what is there (the residual).
        accumulate: bool,
    },
    /// Rotates each head of `view` in place by its position's angles.
    Rope {
        /// Heads side by side.
        view: View,
        /// Values per head.
        head_size: usize,
        /// Which values form a pair.
        pairing: RopePairing,
        /// The angles.
        rope: RopeId,
    },
    /// Appends the tokens' keys and values to a layer's cache.
    Store {
        /// `[tokens, heads * head_size]`
        key: View,
        /// `[tokens, heads * head_size]`
        value: View,
        /// Index into [`super::Plan::caches`].
        cache: usize,
    },
    /// Causal attention over a layer's cache, the tokens of this batch included: per head
    /// softmax(scale * q . k) . v. Consecutive query heads share a key-value head.
    Attention {
        /// `[tokens, query_heads * head_size]`
        query: View,
        /// Number of query heads.
        query_heads: usize,
        /// Index into [`super::Plan::caches`].
        cache: usize,
        /// Factor before the softmax.
        scale: f32,
        /// A token sees itself and at most `window - 1` tokens before it; `None` sees all.
        window: Option<usize>,
        /// `[tokens, query_heads * head_size]`
        output: View,
    },
    /// output = activation(gate) * up (Shazeer 2020). `output` may equal `gate`.
    Gate {
        /// Goes through the activation.
        gate: View,
        /// Multiplies it.
        up: View,
        /// Which activation.
        activation: Activation,
        /// Where the product goes.
        output: View,
    },
    /// output += input.
    Add {
        /// What is added.
        input: View,
        /// To what.
        output: View,
    },
}

/// Which rows a step works on or a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// Every token of the batch.
    All,
    /// Only the tokens whose logits were asked for: the last one, or the last few. A `Logits` step that reads an
    /// `All` buffer starts at the first such row.
    Logits,
}

/// Which two values of a head rotate together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopePairing {
    /// Values 2i and 2i + 1 (GGUF files of the llama family are permuted to this).
    Neighbours,
    /// Values i and i + half (GPT-NeoX; gemma, qwen).
    Halves,
}

/// The activation of a gated feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x * sigmoid(x)
    Silu,
    /// The tanh form of GELU (Hendrycks & Gimpel 2016).
    GeluTanh,
}

impl Operation {
    /// The view the step writes, if it writes one (a cache is none).
    pub fn output(&self) -> Option<View> {
        match *self {
            Self::Embed { output, .. }
            | Self::RmsNorm { output, .. }
            | Self::Linear { output, .. }
            | Self::Attention { output, .. }
            | Self::Gate { output, .. }
            | Self::Add { output, .. } => Some(output),
            Self::Rope { view, .. } => Some(view),
            Self::Store { .. } => None,
        }
    }
}
