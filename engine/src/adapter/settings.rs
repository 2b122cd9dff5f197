//! What adapters a model gets.

use serde::{Deserialize, Serialize};

/// What adapters a model gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LoraSettings {
    /// Rows of A and columns of B.
    pub rank: usize,
    /// What is added is multiplied by this, divided as [`Scaling`] says.
    pub alpha: f32,
    /// By what `alpha` is divided.
    pub scaling: Scaling,
    /// The matrices that get one, as GGUF names them within a layer: `attn_q`, `ffn_down`.
    pub targets: Vec<String>,
    /// Whether the length of each row is learned apart from its direction (DoRA, Liu et al. 2024).
    #[serde(default)]
    pub dora: bool,
}

/// By what an adapter's `alpha` is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// The rank.
    Rank,
    /// The root of the rank (rsLoRA, Kalajdzievski 2023): high ranks then learn as fast as low ones.
    RootOfRank,
}

impl LoraSettings {
    /// The matrices of a layer.
    pub const ALL_TARGETS: [&str; 7] = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];

    /// What `B A` is multiplied by.
    pub fn factor(&self) -> f32 {
        let rank = self.rank as f32;
        match self.scaling {
            Scaling::Rank => self.alpha / rank,
            Scaling::RootOfRank => self.alpha / rank.sqrt(),
        }
    }

    /// Whether the tensor of a file gets one.
    pub fn has(&self, tensor: &str) -> bool {
        let mut parts = tensor.split('.');
        let is_layer = parts.next() == Some("blk");
        let name = parts.nth(1);
        is_layer && name.is_some_and(|name| self.targets.iter().any(|target| target == name))
    }
}
