//! What is known of the steps that were made.

use serde::{Deserialize, Serialize};

/// What is known of the steps that were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct History {
    /// Tokens that were learned.
    pub(super) learned_tokens: u64,
    /// The steps, but for those whose rows have nothing to learn.
    pub(super) steps: Vec<StepRecord>,
    /// Losses of the validation rows.
    pub(super) validations: Vec<ValidationRecord>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct StepRecord {
    pub(super) step: u64,
    /// Mean over the step's learned tokens, in nats.
    pub(super) loss: f64,
    pub(super) learning_rate: f32,
    pub(super) gradient_norm: f64,
    /// Of this step.
    pub(super) learned_tokens: u64,
}

/// A measurement of the validation rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ValidationRecord {
    /// After this step.
    pub(super) step: u64,
    /// Mean over their learned tokens, in nats.
    pub(super) loss: f64,
}
