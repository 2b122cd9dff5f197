//! What a worker is to do, with nothing left open: `specification.json` in the job's folder.

use std::path::PathBuf;

use engine::adapter::LoraSettings;
use engine::training::{Method, Recompute, Schedule};
use serde::{Deserialize, Serialize};

/// What a worker is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrainingSpecification {
    /// The job's id, for messages.
    pub job: String,
    /// The model that is trained.
    pub base: Base,
    /// Rows to learn from, as they were uploaded.
    pub training_file: PathBuf,
    /// Rows whose loss is measured and not learned.
    pub validation_file: Option<PathBuf>,
    /// What is learned from a row.
    pub objective: Objective,
    /// What is trained.
    pub output: Output,
    /// How the parameters are moved.
    pub optimizer: Optimizer,
    /// The learning rate at each step; `schedule.steps` is how many steps there are.
    pub schedule: Schedule,
    /// Rows of one step.
    pub batch_rows: usize,
    /// How often each row is seen.
    pub epochs: u32,
    /// Longest row, in tokens; longer ones are cut.
    pub sequence_tokens: usize,
    /// Most tokens that are computed at once; a step is cut into as many batches as it takes.
    pub packed_tokens: usize,
    /// Whether halves of layers are computed again on the way back.
    pub recompute: bool,
    /// Of the order of rows and of the first adapters.
    pub seed: u64,
    /// Threads to compute on.
    pub threads: usize,
    /// Steps between checkpoints; there is one at the end of each epoch and at the end too.
    pub checkpoint_steps: u64,
    /// Steps between measurements of the validation loss.
    pub validation_steps: u64,
    /// Prompts that the model answers at the end of each epoch, for people to see what it has learned.
    pub sample_prompts: Vec<String>,
}

impl TrainingSpecification {
    /// What is trained, as the engine has it.
    pub fn method(&self) -> Method {
        match &self.output {
            Output::Adapter { lora } => Method::Lora(lora.clone()),
            Output::Full => Method::Full,
        }
    }

    /// What is computed again, as the engine has it.
    pub fn recompute(&self) -> Recompute {
        if self.recompute { Recompute::Layers } else { Recompute::Nothing }
    }
}

/// The model that is trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Base {
    /// What clients call it.
    pub name: String,
    /// Its GGUF file.
    pub path: PathBuf,
    /// The file's SHA-256 in hexadecimal digits: another file under this name ends the job.
    pub sha256: String,
}

/// What is learned from a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Objective {
    /// To say the answers.
    Supervised,
    /// To prefer one answer over another (DPO, Rafailov et al. 2023).
    Dpo {
        /// How dear it is to go away from the base.
        beta: f32,
    },
}

/// What is trained, and so what comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Output {
    /// Small matrices beside the frozen weights.
    Adapter {
        /// Which.
        lora: LoraSettings,
    },
    /// All weights.
    Full,
}

/// How the parameters are moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Optimizer {
    /// `AdamW`'s numbers.
    pub adamw: engine::training::AdamWSettings,
}
