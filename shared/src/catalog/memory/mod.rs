//! How much memory a model takes, from its dimensions: what the page shows before any file is there.

mod inference;
mod training;

pub use inference::{ComputeDevice, MemoryNeed};
pub use training::{ActivationStorage, TrainingMemory, TrainingMethod, TrainingSetup};
