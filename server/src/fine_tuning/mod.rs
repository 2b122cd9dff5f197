//! Fine-tuning: jobs, and the process that does the work of one.
//!
//! The server never trains in its own process. It writes a [`TrainingSpecification`] into the job's folder, starts
//! `quern worker FOLDER`, and reads [`WorkerEvent`]s from its output, a line of JSON each. The worker knows nothing of the
//! database: a folder goes in, checkpoints and adapters come out.

mod estimate;
mod specification;
pub mod worker;
mod worker_event;

pub use estimate::{MemoryShortage, memory, shortage};
pub use specification::{Base, Objective, Optimizer, Output, TrainingSpecification};
pub use worker_event::{WorkerCommand, WorkerEvent};
