//! Trains the models that the engine runs, on the weights that it runs them with.
//!
//! A third reader of the [`crate::plan::Plan`]: [`program`] gives each result of a step a place of its own and cuts the steps
//! into segments; the device ([`cpu`]) walks the segments forwards, computes loss and gradient of the logits chunk by chunk,
//! and walks back with each operation's own derivative. There is no tape and no gradient of what is frozen. What is trained is
//! one flat list of floats ([`parameters`]), which [`optimizer`] moves.

mod adamw8;
mod adapter;
mod batch;
mod cpu;
mod cuda;
mod dynamic_map;
mod memory;
mod nf4;
mod nf4_tensor;
mod optimizer;
mod parameters;
mod preferences;
mod program;
mod random;
mod schedule;
mod trained;
mod trainer;

pub use adamw8::{AdamW8, Moments8};
pub use batch::PackedBatch;
pub use cpu::CpuTrainer;
pub use cuda::{CudaDevice, CudaTrainer, LIBRARIES_VARIABLE};
pub use memory::{TrainingMemory, memory};
pub use nf4::Nf4;
pub use optimizer::{AdamW, AdamWSettings, Moments, Optimizer};
pub use parameters::{Parameter, Parameters};
pub use preferences::Preference;
pub use random::permutation;
pub use schedule::{Decay, Schedule};
pub use trainer::{Trainer, TrainingDevice};

use crate::adapter::LoraSettings;

/// What is trained.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Every weight.
    Full,
    /// Small matrices beside the frozen weights, which stay as the file stores them: what is trained is trained against what
    /// will serve.
    Lora(LoraSettings),
    /// The same beside weights whose matrices are stored as [`Nf4`] when they are loaded (QLoRA, Dettmers et al. 2023). Served
    /// beside the file's own weights, adapters meet other ones than they learned with: they differ by NF4's rounding.
    QLora {
        /// The adapters.
        settings: LoraSettings,
        /// Whether the scales of NF4 are stored in 8 bits: half a bit less for each weight.
        double_quantization: bool,
    },
}

impl Method {
    /// The adapters; there are none where every weight is trained.
    pub fn adapters(&self) -> Option<&LoraSettings> {
        match self {
            Self::Full => None,
            Self::Lora(settings) | Self::QLora { settings, .. } => Some(settings),
        }
    }
}

/// With what a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Its weights, and the adapters beside them where there are some.
    Adapters,
    /// Its weights alone: with adapters, the model as it was.
    Nothing,
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
