//! Trains the models that the engine runs, on the weights that it runs them with.
//!
//! A third reader of the [`crate::plan::Plan`]: [`program`] gives each result of a step a place of its own and cuts the steps
//! into segments; the device ([`cpu`]) walks the segments forwards, computes loss and gradient of the logits chunk by chunk,
//! and walks back with each operation's own derivative. There is no tape and no gradient of what is frozen. What is trained is
//! one flat list of floats ([`parameters`]), which [`optimizer`] moves.

mod adapter;
mod batch;
mod cpu;
mod cuda;
mod optimizer;
mod parameters;
mod program;
mod random;
mod schedule;
mod trained;

pub use batch::PackedBatch;
pub use cpu::CpuTrainer;
pub use cuda::{CudaDevice, CudaTrainer, LIBRARIES_VARIABLE};
pub use optimizer::{AdamW, AdamWSettings};
pub use parameters::{Parameter, Parameters};
pub use schedule::{Decay, Schedule};

use crate::adapter::LoraSettings;

/// What is trained.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Every weight.
    Full,
    /// Small matrices beside the frozen weights.
    Lora(LoraSettings),
}

/// What the backward pass has of the forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recompute {
    /// All of it: the fastest, and the memory grows with layers times tokens times everything that a layer computes.
    Nothing,
    /// What goes into each half of a layer; the rest is computed again (Chen et al. 2016): a third slower, a fraction of the
    /// memory.
    Layers,
}
