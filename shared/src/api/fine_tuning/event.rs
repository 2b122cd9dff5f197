//! What happened to a job, and what it left on the way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::page::Identified;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuningEvent {
    /// What pages call it: `ftevent-…`.
    pub id: String,
    /// Always `fine_tuning.job.event`.
    pub object: String,
    /// When, in seconds since 1970.
    pub created_at: i64,
    /// How grave.
    pub level: EventLevel,
    /// For people.
    pub message: String,
    /// What `data` holds.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// For programs: see [`FineTuningEvent::metrics`] and [`FineTuningEvent::sample`].
    pub data: Option<Value>,
}

impl FineTuningEvent {
    /// The numbers of a step, where this event tells them.
    pub fn metrics(&self) -> Option<StepMetrics> {
        (self.kind == EventKind::Metrics).then(|| serde_json::from_value(self.data.clone()?).ok()).flatten()
    }

    /// An answer of the model, where this event tells one.
    pub fn sample(&self) -> Option<LearnedSample> {
        (self.kind == EventKind::Message).then(|| serde_json::from_value(self.data.clone()?).ok()).flatten()
    }
}

impl Identified for FineTuningEvent {
    fn id(&self) -> &str {
        &self.id
    }
}

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventLevel {
    /// It goes as it should.
    Info,
    /// Somebody should know.
    Warn,
    /// The job has failed.
    Error,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Words.
    Message,
    /// [`StepMetrics`].
    Metrics,
}

/// The numbers of a step. An event has those that are new.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Its number; the first is 1.
    pub step: u64,
    /// All steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_steps: Option<u64>,
    /// Mean loss of the tokens that it learned, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_loss: Option<f64>,
    /// Share of them that were the most probable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_mean_token_accuracy: Option<f64>,
    /// Mean loss of the validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_loss: Option<f64>,
    /// How large the step was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f32>,
    /// The gradient's length before it was shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// All tokens learned so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_tokens: Option<u64>,
    /// Tokens computed per second, learned or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
}

/// What the model says by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedSample {
    /// After this step.
    pub step: u64,
    /// What it was asked.
    pub prompt: String,
    /// What it said.
    pub text: String,
}

/// A model as it was amid a job, ready to use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuningCheckpoint {
    /// What pages call it: `ftckpt_…`.
    pub id: String,
    /// Always `fine_tuning.job.checkpoint`.
    pub object: String,
    /// When, in seconds since 1970.
    pub created_at: i64,
    /// The model's name: `ft:…:ckpt-step-N`.
    pub fine_tuned_model_checkpoint: String,
    /// Of which job.
    pub fine_tuning_job_id: String,
    /// The numbers by then.
    pub metrics: StepMetrics,
    /// After which step.
    pub step_number: u64,
}

impl Identified for FineTuningCheckpoint {
    fn id(&self) -> &str {
        &self.id
    }
}
