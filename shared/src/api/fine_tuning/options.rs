//! What Quern lets people choose beyond OpenAI's numbers: the object `quern` of a request. A job has the same object
//! under `quern.options`, with every choice made.

use serde::{Deserialize, Serialize};

/// Quern's own options. Each may be left out; what is taken then stands with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingOptions {
    /// Train all weights instead of adapters. Left out: false.
    pub full: Option<bool>,
    /// Rank of the adapters (LoRA, Hu et al. 2021), from 1 to 256. Left out: 16.
    pub rank: Option<u32>,
    /// What adapters add is multiplied by this and divided by the rank. Left out: twice the rank.
    pub alpha: Option<f32>,
    /// The matrices of each layer that get an adapter: `attn_q`, `attn_k`, `attn_v`, `attn_output`, `ffn_gate`, `ffn_up`,
    /// `ffn_down`. Left out: all of these.
    pub targets: Option<Vec<String>>,
    /// Divide by the root of the rank instead of the rank (`rsLoRA`, Kalajdzievski 2023). Left out: false.
    pub rslora: Option<bool>,
    /// The learning rate at its highest, before `learning_rate_multiplier`. Left out: 2e-4 for adapters and 2e-5 for all
    /// weights; a tenth of that for `dpo`.
    pub learning_rate: Option<f32>,
    /// How the learning rate falls. Left out: `linear`.
    pub scheduler: Option<Scheduler>,
    /// Steps until the learning rate is at its highest. Left out: 3 % of all.
    pub warmup_steps: Option<u64>,
    /// The longest row, in tokens; longer ones are cut. Left out: 2048.
    pub sequence_tokens: Option<u32>,
    /// Most tokens that are computed at once: rows are packed one behind another up to this, and never see each other.
    /// Left out: as many as the longest row may have.
    pub packed_tokens: Option<u32>,
    /// Compute parts of each layer a second time on the way back instead of keeping them: about half the memory for a
    /// third more work. Left out: true.
    pub recompute: Option<bool>,
    /// How parameters are moved.
    pub optimizer: Option<OptimizerOptions>,
    /// Steps between checkpoints; there is one at the end of each epoch too. Left out: as many as an epoch has, at most
    /// 100.
    pub checkpoint_steps: Option<u64>,
    /// Steps between measurements of the validation loss. Left out: a tenth of all, at least 1.
    pub validation_steps: Option<u64>,
    /// Prompts that the model answers at each checkpoint, for people to see what it has learned; at most 8. Left out:
    /// none.
    pub sample_prompts: Option<Vec<String>>,
    /// Threads to compute on. Left out: as many as the companion computes on.
    pub threads: Option<u32>,
}

impl TrainingOptions {
    /// The matrices that can get an adapter.
    pub const TARGETS: [&str; 7] = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];
}

/// How a learning rate falls after its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduler {
    /// It stays.
    Constant,
    /// To nothing, by the same amount each step.
    #[default]
    Linear,
    /// To nothing, along half a wave.
    Cosine,
}

/// `AdamW`'s numbers (Loshchilov & Hutter 2019).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerOptions {
    /// How much of the mean gradient stays at each step. Left out: 0.9.
    pub beta1: Option<f32>,
    /// How much of the mean squared gradient stays. Left out: 0.999.
    pub beta2: Option<f32>,
    /// Added to the root of the latter. Left out: 1e-8.
    pub epsilon: Option<f32>,
    /// What each step takes away of each parameter, times the learning rate. Left out: 0.
    pub weight_decay: Option<f32>,
    /// The gradient's length is at most this; 0 leaves it as it is. Left out: 1.
    pub most_gradient_norm: Option<f32>,
}
