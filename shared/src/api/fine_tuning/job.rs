//! A job.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::method::{Method, SupervisedHyperparameters};
use super::options::TrainingOptions;
use super::request::Metadata;
use crate::api::page::Identified;

/// A job: OpenAI's fields, and `quern`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuningJob {
    /// What requests call it: `ftjob-…`.
    pub id: String,
    /// Always `fine_tuning.job`.
    pub object: String,
    /// When it was asked for, in seconds since 1970.
    pub created_at: i64,
    /// Why it failed.
    pub error: Option<JobFault>,
    /// The new model's name, once it can be used: `ft:BASE:ORGANIZATION:SUFFIX:ID`.
    pub fine_tuned_model: Option<String>,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// When it will end as things look; only while it runs.
    pub estimated_finish: Option<i64>,
    /// The numbers; in force once the files have been read.
    pub hyperparameters: SupervisedHyperparameters,
    /// The base.
    pub model: String,
    /// Always `quern`: this machine has one.
    pub organization_id: String,
    /// Ids of the files that it wrote: the metrics of each step as CSV.
    pub result_files: Vec<String>,
    /// Of the order of rows and of the first adapters.
    pub seed: u32,
    /// How far it is.
    pub status: JobStatus,
    /// All tokens that were learned.
    pub trained_tokens: Option<u64>,
    /// Id of the file to learn from.
    pub training_file: String,
    /// Id of the file whose loss is measured.
    pub validation_file: Option<String>,
    /// Always empty.
    pub integrations: Vec<Value>,
    /// Pairs that mean something to its owner.
    pub metadata: Option<Metadata>,
    /// How it learns, with its numbers.
    pub method: Method,
    /// What is known beyond OpenAI's fields.
    pub quern: JobDetails,
}

impl Identified for FineTuningJob {
    fn id(&self) -> &str {
        &self.id
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Its files are being read.
    ValidatingFiles,
    /// It waits for others.
    Queued,
    /// It learns.
    Running,
    /// It was put down, and can be taken up again.
    Paused,
    /// The new model can be used.
    Succeeded,
    /// `error` says why.
    Failed,
    /// Somebody gave it up.
    Cancelled,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ValidatingFiles,
        Self::Queued,
        Self::Running,
        Self::Paused,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidatingFiles => "validating_files",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFault {
    /// A word for programs.
    pub code: String,
    /// What happened and what to do, for people.
    pub message: String,
    /// The field of the request at fault, usually `training_file` or `validation_file`.
    pub param: Option<String>,
}

/// What is known of a job beyond OpenAI's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobDetails {
    /// The options; each is in force once the files have been read.
    pub options: TrainingOptions,
    /// Steps that were made.
    pub step: u64,
    /// All steps, once the files have been read.
    pub steps: Option<u64>,
    /// Whether it will be paused after the step under way.
    pub pausing: bool,
    /// Tokens that one epoch learns.
    pub learned_tokens: Option<u64>,
    /// Rows that were cut at the longest length.
    pub cut_rows: Option<u64>,
    /// What the training is estimated to take in memory.
    pub memory_bytes: Option<u64>,
    /// The largest difference between logits of the trainer and of the engine that serves the new model.
    pub logit_difference: Option<f64>,
    /// SHA-256 of the chat template that the rows were written with, in hexadecimal digits.
    pub template_sha256: Option<String>,
}
