//! `/v1/fine_tuning/jobs`: what is asked for, the job, its events and checkpoints. Fields and names are OpenAI's; what
//! is Quern's alone is in one object, `quern`.

mod event;
mod job;
mod method;
mod options;
mod request;

pub use event::{EventKind, EventLevel, FineTuningCheckpoint, FineTuningEvent, LearnedSample, StepMetrics};
pub use job::{FineTuningJob, JobDetails, JobFault, JobStatus};
pub use method::{
    Auto, DpoHyperparameters, DpoMethod, Method, MethodKind, SupervisedHyperparameters, SupervisedMethod,
};
pub use options::{OptimizerOptions, Scheduler, TrainingOptions};
pub use request::{FineTuningRequest, Metadata};

#[cfg(test)]
mod tests;
