//! What a worker and the server tell each other: a line of JSON each, on the worker's standard output and input.

use serde::{Deserialize, Serialize};

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "event")]
pub enum WorkerEvent {
    /// The data is read and the model is in memory.
    Started {
        /// All steps.
        steps: u64,
        /// Steps that were made before, and are not made again.
        done_steps: u64,
        /// Tokens that one epoch learns.
        learned_tokens: u64,
        /// Rows that were cut at the longest length.
        cut_rows: u64,
        /// What it expects to take in memory.
        memory_bytes: u64,
    },
    /// A step was made.
    Step {
        /// Its number; the first is 1.
        step: u64,
        /// Mean loss of the tokens that it learned, in nats.
        loss: f64,
        /// Share of the learned tokens that were the most probable.
        accuracy: Option<f64>,
        /// How large the step was.
        learning_rate: f32,
        /// The gradient's length before it was shortened.
        gradient_norm: f64,
        /// All tokens learned so far.
        learned_tokens: u64,
        /// Tokens computed per second, learned or not.
        tokens_per_second: f64,
    },
    /// The validation rows were measured.
    Validation {
        /// After this step.
        step: u64,
        /// Mean loss of their learned tokens.
        loss: f64,
    },
    /// What the model says by now.
    Sample {
        /// After this step.
        step: u64,
        /// What it was asked.
        prompt: String,
        /// What it said.
        text: String,
    },
    /// A checkpoint is whole, under its final name.
    Checkpoint {
        /// After this step.
        step: u64,
        /// Its folder, within the job's.
        folder: String,
    },
    /// The work was put down as asked; the last checkpoint has all of it.
    Paused {
        /// After this step.
        step: u64,
    },
    /// All is done; the job's folder has `outcome.json`.
    Finished {
        /// All tokens that were learned.
        trained_tokens: u64,
        /// The largest difference between logits of trainer and engine.
        logit_difference: f64,
        /// SHA-256 of the chat template that the rows were written with.
        template_sha256: String,
    },
    /// It can't go on.
    Failed {
        /// A word for programs.
        code: String,
        /// What happened and what to do, for people.
        message: String,
        /// The field of the request that is at fault.
        param: Option<String>,
    },
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerCommand {
    /// Write a checkpoint after the step under way, and end.
    Pause,
    /// End; what was not in a checkpoint is gone.
    Cancel,
}
