//! The sizes of a model's parts, from which memory and speed follow before its file is there.

use serde::{Deserialize, Serialize};

/// The sizes of a decoder-only transformer with gated feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDimensions {
    /// Number of layers.
    pub layers: u32,
    /// Width of the residual stream.
    pub width: u32,
    /// Width of the feed-forward layers.
    pub feed_forward_width: u32,
    /// Query heads of a layer.
    pub query_heads: u32,
    /// Key-value heads of a layer.
    pub key_value_heads: u32,
    /// Values per head.
    pub head_size: u32,
    /// Number of tokens.
    pub vocabulary_size: u32,
    /// The output layer is the table of embeddings itself.
    pub has_tied_embeddings: bool,
    /// Where the norms are.
    #[serde(default)]
    pub norms: NormLayout,
    /// Tokens that local layers see, where some layers are local; those have rotary angles of their own.
    #[serde(default)]
    pub sliding_window: Option<u32>,
}

/// Where the norms are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormLayout {
    /// Before attention and feed-forward (Llama).
    #[default]
    BeforeBlocks,
    /// Also after both, and on each query and key head (Gemma 3).
    AroundBlocks,
}

/// A weight matrix `[rows, columns]`: `columns` values in, `rows` values out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    pub(super) rows: u64,
    pub(super) columns: u64,
}

impl Matrix {
    pub(super) fn values(self) -> u64 {
        self.rows * self.columns
    }
}

impl ModelDimensions {
    /// Values of all query heads of a token.
    pub fn query_width(&self) -> u64 {
        u64::from(self.query_heads) * u64::from(self.head_size)
    }

    /// Values of all key heads of a token; there are as many of the value heads.
    pub fn key_width(&self) -> u64 {
        u64::from(self.key_value_heads) * u64::from(self.head_size)
    }

    /// Weights of one layer's matrices.
    pub fn layer_matrix_parameters(&self) -> u64 {
        self.layer_matrices().iter().map(|(_, matrix)| matrix.values()).sum()
    }

    /// Weights of the table of embeddings.
    pub fn embedding_parameters(&self) -> u64 {
        u64::from(self.vocabulary_size) * u64::from(self.width)
    }

    /// All weights, norms included.
    pub fn parameter_count(&self) -> u64 {
        let tables = if self.has_tied_embeddings { 1 } else { 2 };
        u64::from(self.layers) * self.layer_matrix_parameters()
            + tables * self.embedding_parameters()
            + self.norm_parameters()
    }

    /// Weights that one token is multiplied with: all but norms, and but the table that tokens are looked up in where
    /// the output layer is another one.
    pub fn active_parameters(&self) -> u64 {
        u64::from(self.layers) * self.layer_matrix_parameters() + self.embedding_parameters()
    }

    /// Weights of all norms.
    pub(super) fn norm_parameters(&self) -> u64 {
        let (width, head_size) = (u64::from(self.width), u64::from(self.head_size));
        let per_layer = match self.norms {
            NormLayout::BeforeBlocks => 2 * width,
            NormLayout::AroundBlocks => 4 * width + 2 * head_size,
        };
        u64::from(self.layers) * per_layer + width
    }

    /// One layer's matrices.
    pub(super) fn layer_matrices(&self) -> [(LinearLayer, Matrix); 7] {
        let (width, feed_forward) = (u64::from(self.width), u64::from(self.feed_forward_width));
        let (query, key) = (self.query_width(), self.key_width());
        let matrix = |rows, columns| Matrix { rows, columns };
        [
            (LinearLayer::Query, matrix(query, width)),
            (LinearLayer::Key, matrix(key, width)),
            (LinearLayer::Value, matrix(key, width)),
            (LinearLayer::Output, matrix(width, query)),
            (LinearLayer::Gate, matrix(feed_forward, width)),
            (LinearLayer::Up, matrix(feed_forward, width)),
            (LinearLayer::Down, matrix(width, feed_forward)),
        ]
    }

    /// What can't be right about them, if anything is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        // The engine's own bounds; with them no product of the sizes leaves 64 bits.
        let sizes = [
            (self.layers, 1024),
            (self.width, 65_536),
            (self.feed_forward_width, 1 << 20),
            (self.query_heads, 1024),
            (self.key_value_heads, 1024),
            (self.head_size, 1024),
            (self.vocabulary_size, 1 << 24),
        ];
        if sizes.iter().any(|&(size, largest)| size == 0 || size > largest) {
            Some("a dimension is 0 or larger than any model's")
        } else if !self.query_heads.is_multiple_of(self.key_value_heads) {
            Some("its query heads can't share its key-value heads evenly")
        } else {
            None
        }
    }
}

/// A matrix of every layer, as adapters name them (`q_proj`, `k_proj`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinearLayer {
    /// Makes queries.
    #[serde(rename = "q_proj")]
    Query,
    /// Makes keys.
    #[serde(rename = "k_proj")]
    Key,
    /// Makes values.
    #[serde(rename = "v_proj")]
    Value,
    /// Takes the attended heads back to the residual stream.
    #[serde(rename = "o_proj")]
    Output,
    /// The gate of the feed-forward layer.
    #[serde(rename = "gate_proj")]
    Gate,
    /// What the gate lets through.
    #[serde(rename = "up_proj")]
    Up,
    /// Takes the feed-forward layer back to the residual stream.
    #[serde(rename = "down_proj")]
    Down,
}

impl LinearLayer {
    /// Every matrix of a layer.
    pub const ALL: [Self; 7] = [Self::Query, Self::Key, Self::Value, Self::Output, Self::Gate, Self::Up, Self::Down];
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::catalog) const SMOLLM2_135M: ModelDimensions = ModelDimensions {
        layers: 30,
        width: 576,
        feed_forward_width: 1536,
        query_heads: 9,
        key_value_heads: 3,
        head_size: 64,
        vocabulary_size: 49_152,
        has_tied_embeddings: true,
        norms: NormLayout::BeforeBlocks,
        sliding_window: None,
    };

    pub(in crate::catalog) const GEMMA_3_270M: ModelDimensions = ModelDimensions {
        layers: 18,
        width: 640,
        feed_forward_width: 2048,
        query_heads: 4,
        key_value_heads: 1,
        head_size: 256,
        vocabulary_size: 262_144,
        has_tied_embeddings: true,
        norms: NormLayout::AroundBlocks,
        sliding_window: Some(512),
    };

    #[test]
    fn dimensions_give_the_published_number_of_parameters() {
        // safetensors metadata of HuggingFaceTB/SmolLM2-135M-Instruct and google/gemma-3-270m.
        assert_eq!(SMOLLM2_135M.parameter_count(), 134_515_008);
        assert_eq!(GEMMA_3_270M.parameter_count(), 268_098_176);
        // An output layer of its own is counted, but a token is multiplied with one of the two tables only.
        let untied = ModelDimensions { has_tied_embeddings: false, ..SMOLLM2_135M };
        assert_eq!(untied.parameter_count(), 134_515_008 + 49_152 * 576);
        assert_eq!(untied.active_parameters(), 134_515_008 - 61 * 576);
    }
}
