//! A model that is trained, wherever that is.

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use super::{AdamW, CpuTrainer, CudaTrainer, Method, PackedBatch, Parameters, Recompute};
use crate::adapter::LoraAdapter;
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError};
use crate::source::ReadAt;

/// Where a model is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainingDevice {
    /// The processor, in 32-bit floats.
    Cpu {
        /// How many threads compute.
        threads: usize,
    },
    /// The first NVIDIA GPU, in 16-bit floats with 32-bit sums and parameters.
    Cuda {
        /// Where compiled kernels are kept.
        cache: Option<PathBuf>,
    },
}

/// A model that is trained. What [`CpuTrainer`] says of its methods is so of these.
pub enum Trainer {
    /// On the processor.
    Cpu(Box<CpuTrainer>),
    /// On an NVIDIA GPU.
    Cuda(Box<CudaTrainer>),
}

impl Trainer {
    /// Takes a model's weights from `source`, and makes what is trained ready.
    ///
    /// # Errors
    /// As [`CpuTrainer::load`] and [`CudaTrainer::load`].
    pub fn load(
        device: &TrainingDevice,
        file: &GgufFile,
        source: &dyn ReadAt,
        method: &Method,
        recompute: Recompute,
        seed: u64,
    ) -> Result<Self, EngineError> {
        Ok(match device {
            TrainingDevice::Cpu { threads } => {
                Self::Cpu(Box::new(CpuTrainer::load(file, source, method, recompute, *threads, seed)?))
            }
            TrainingDevice::Cuda { cache } => {
                Self::Cuda(Box::new(CudaTrainer::load(file, source, method, recompute, seed, cache.as_deref())?))
            }
        })
    }

    /// The sum of the losses of all learned tokens of a batch, in nats.
    ///
    /// # Errors
    /// A token is not in the vocabulary, or the device fails.
    pub fn loss(&mut self, batch: &PackedBatch) -> Result<f64, EngineError> {
        match self {
            Self::Cpu(trainer) => trainer.loss(batch),
            Self::Cuda(trainer) => trainer.loss(batch),
        }
    }

    /// The same, and adds `scale` times its gradient to that of the parameters.
    ///
    /// # Errors
    /// As [`Trainer::loss`].
    pub fn learn(&mut self, batch: &PackedBatch, scale: f32) -> Result<f64, EngineError> {
        match self {
            Self::Cpu(trainer) => trainer.learn(batch, scale),
            Self::Cuda(trainer) => trainer.learn(batch, scale),
        }
    }

    /// The logits after some places of a sequence, `[places, vocabulary]`.
    ///
    /// # Errors
    /// As [`Trainer::loss`].
    pub fn logits(&mut self, tokens: &[u32], places: Range<usize>) -> Result<Vec<f32>, EngineError> {
        match self {
            Self::Cpu(trainer) => trainer.logits(tokens, places),
            Self::Cuda(trainer) => trainer.logits(tokens, places),
        }
    }

    /// What is trained, as it is now, and its gradient.
    ///
    /// # Errors
    /// The device fails.
    pub fn parameters(&mut self) -> Result<&Parameters, EngineError> {
        match self {
            Self::Cpu(trainer) => Ok(&trainer.parameters),
            Self::Cuda(trainer) => trainer.parameters(),
        }
    }

    /// Other values of what is trained, in the order of [`Trainer::parameters`].
    ///
    /// # Errors
    /// The device fails.
    ///
    /// # Panics
    /// They are not as many.
    pub fn set_values(&mut self, values: &[f32]) -> Result<(), EngineError> {
        match self {
            Self::Cpu(trainer) => {
                trainer.parameters.values.copy_from_slice(values);
                Ok(())
            }
            Self::Cuda(trainer) => trainer.set_values(values),
        }
    }

    /// The gradient begins anew.
    ///
    /// # Errors
    /// The device fails.
    pub fn clear_gradients(&mut self) -> Result<(), EngineError> {
        match self {
            Self::Cpu(trainer) => {
                trainer.parameters.clear_gradients();
                Ok(())
            }
            Self::Cuda(trainer) => trainer.clear_gradients(),
        }
    }

    /// Moves the parameters against their gradient, and gives the gradient's length before it was shortened. By one whose
    /// length is no finite number nothing is moved. On a GPU `optimizer` has but its number of steps afterwards: the rest comes
    /// with [`Trainer::read_optimizer`].
    ///
    /// # Errors
    /// The device fails.
    pub fn step(&mut self, optimizer: &mut AdamW, learning_rate: f32) -> Result<f64, EngineError> {
        match self {
            Self::Cpu(trainer) => Ok(optimizer.step(&mut trainer.parameters, learning_rate)),
            Self::Cuda(trainer) => trainer.step(optimizer, learning_rate),
        }
    }

    /// Brings to `optimizer` what it remembers, for a checkpoint.
    ///
    /// # Errors
    /// The device fails.
    pub fn read_optimizer(&self, optimizer: &mut AdamW) -> Result<(), EngineError> {
        match self {
            Self::Cpu(_) => Ok(()),
            Self::Cuda(trainer) => trainer.read_optimizer(optimizer),
        }
    }

    /// The adapter as it is now; there is none where every weight is trained.
    ///
    /// # Errors
    /// The device fails.
    pub fn adapter(&mut self) -> Result<Option<LoraAdapter>, EngineError> {
        match self {
            Self::Cpu(trainer) => Ok(trainer.adapter()),
            Self::Cuda(trainer) => trainer.adapter(),
        }
    }

    /// Writes the model as it is now, adapters in its weights, in 32-bit floats. `file` and `source` are what it was loaded from.
    ///
    /// # Errors
    /// The device fails, the file can't be read any more, or `out` can't be written to.
    pub fn write_model(
        &mut self,
        file: &GgufFile,
        source: &dyn ReadAt,
        out: &mut dyn Write,
    ) -> Result<(), RewriteError> {
        match self {
            Self::Cpu(trainer) => trainer.write_model(file, source, out),
            Self::Cuda(trainer) => trainer.write_model(file, source, out),
        }
    }
}
