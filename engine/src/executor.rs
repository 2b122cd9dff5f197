//! What every backend does with a plan: run a batch of tokens, and remember their keys and values.

use crate::cpu::CpuExecutor;
use crate::error::EngineError;
use crate::gpu::GpuExecutor;

/// A plan with its weights in place, on one backend.
pub enum Executor {
    /// Plain loops and SIMD.
    Cpu(CpuExecutor),
    /// WGSL kernels through wgpu.
    Gpu(GpuExecutor),
}

/// Which rows of logits a batch should produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogitsWanted {
    /// None: the batch only fills the cache.
    None,
    /// The last token's.
    Last,
    /// Every token's.
    All,
}

impl LogitsWanted {
    /// How many of a batch's `tokens` rows have logits.
    pub fn rows(self, tokens: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Last => 1,
            Self::All => tokens,
        }
    }
}

impl Executor {
    /// The most tokens one batch may have.
    pub fn batch_tokens(&self) -> usize {
        match self {
            Self::Cpu(executor) => executor.batch_tokens(),
            Self::Gpu(executor) => executor.batch_tokens(),
        }
    }

    /// Runs `tokens`, the first of which has index `first_position` in the sequence; the cache must hold all
    /// positions before it. Returns `[wanted rows, vocabulary]` logits.
    ///
    /// # Errors
    /// The device failed.
    pub async fn forward(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
    ) -> Result<Vec<f32>, EngineError> {
        match self {
            Self::Cpu(executor) => executor.forward(tokens, first_position, wanted),
            Self::Gpu(executor) => executor.forward(tokens, first_position, wanted).await,
        }
    }
}
