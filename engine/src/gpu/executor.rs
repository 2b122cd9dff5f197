//! A model on the GPU.

use shared::sampling::SamplingParameters;

use super::GpuDevice;
use crate::error::EngineError;
use crate::executor::LogitsWanted;
use crate::gguf::GgufFile;
use crate::plan::Plan;
use crate::source::ReadAt;

/// A model on the GPU.
pub struct GpuExecutor {}

impl GpuExecutor {
    /// Loads.
    ///
    /// # Errors
    /// Not there yet.
    pub async fn load(
        _device: GpuDevice,
        _plan: &Plan,
        _file: &GgufFile,
        _source: &dyn ReadAt,
        _context_tokens: usize,
        _progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        Err(EngineError::NoGpu("the GPU backend is being written".to_owned()))
    }

    /// The most tokens one batch may have.
    pub fn batch_tokens(&self) -> usize {
        64
    }

    /// Bytes of weights, cache and scratch buffers.
    pub fn memory_bytes(&self) -> (u64, u64, u64) {
        (0, 0, 0)
    }

    /// Runs a batch.
    ///
    /// # Errors
    /// The device failed.
    pub async fn forward(&mut self, _: &[u32], _: usize, _: LogitsWanted) -> Result<Vec<f32>, EngineError> {
        Ok(Vec::new())
    }

    /// See `Executor::begin_answer`.
    pub fn begin_answer(&mut self, _: SamplingParameters, _: &[u32]) {}

    /// See `Executor::choose`.
    ///
    /// # Errors
    /// The device failed.
    pub async fn choose(&mut self, _: &[u32], _: usize, _: usize) -> Result<Vec<u32>, EngineError> {
        Ok(Vec::new())
    }
}
