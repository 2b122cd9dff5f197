//! What every backend does with a plan: run a batch of tokens, and remember their keys and values.

use shared::sampling::SamplingParameters;

use crate::adapter::{LoraAdapter, Placement};
use crate::constraint::AllowedTokens;
use crate::cpu::CpuExecutor;
use crate::error::EngineError;
use crate::gpu::GpuExecutor;

/// A plan with its weights in place, on one backend.
#[expect(clippy::large_enum_variant, reason = "a model has one, and never moves it")]
pub enum Executor {
    /// Plain loops and SIMD.
    Cpu(CpuExecutor),
    /// WGSL kernels through wgpu.
    Gpu(GpuExecutor),
}

/// Rows of logits that a batch may be asked for.
pub(crate) const MOST_LOGIT_ROWS: usize = 16;

/// Called with each step's name and the rows it wrote.
pub type Inspect<'a> = dyn FnMut(&str, &[f32]) + Send + 'a;

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

    /// The most tokens one batch may have whose logits are all wanted: those of the whole vocabulary are large.
    pub fn scored_tokens(&self) -> usize {
        self.batch_tokens().min(MOST_LOGIT_ROWS)
    }

    /// Takes an adapter whose matrices lie as `placement` says, in place of one of that name.
    ///
    /// # Errors
    /// The device can't hold or run it.
    pub(crate) async fn load_adapter(
        &mut self,
        name: &str,
        adapter: &LoraAdapter,
        placement: &Placement,
    ) -> Result<(), EngineError> {
        match self {
            Self::Cpu(executor) => {
                executor.load_adapter(name, adapter, placement);
                Ok(())
            }
            Self::Gpu(executor) => executor.load_adapter(name, adapter, placement).await,
        }
    }

    /// Lets go of an adapter; false where there is none of that name.
    pub(crate) fn remove_adapter(&mut self, name: &str) -> bool {
        match self {
            Self::Cpu(executor) => executor.adapters_mut().remove(name),
            Self::Gpu(executor) => executor.adapters_mut().remove(name),
        }
    }

    /// Computes with an adapter from here on, or with none; false where there is none of that name.
    pub(crate) fn use_adapter(&mut self, name: Option<&str>) -> bool {
        match self {
            Self::Cpu(executor) => executor.adapters_mut().choose(name),
            Self::Gpu(executor) => executor.adapters_mut().choose(name),
        }
    }

    /// The adapter that it computes with.
    pub(crate) fn adapter_in_use(&self) -> Option<&str> {
        match self {
            Self::Cpu(executor) => executor.adapters().current_name(),
            Self::Gpu(executor) => executor.adapters().current_name(),
        }
    }

    /// The adapters that it holds.
    pub(crate) fn adapter_names(&self) -> Vec<&str> {
        match self {
            Self::Cpu(executor) => executor.adapters().iter().map(|(name, _)| name).collect(),
            Self::Gpu(executor) => executor.adapters().iter().map(|(name, _)| name).collect(),
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

    /// Runs `tokens` as [`Executor::forward`] does, at most [`Executor::scored_tokens`] of them, and returns what the
    /// last layer makes of each, after its norm: `[tokens, width]`.
    ///
    /// # Errors
    /// The device failed.
    pub async fn hidden_states(&mut self, tokens: &[u32], first_position: usize) -> Result<Vec<f32>, EngineError> {
        match self {
            Self::Cpu(executor) => executor.hidden_states(tokens, first_position),
            Self::Gpu(executor) => executor.hidden_states(tokens, first_position).await,
        }
    }

    /// Sets how [`Executor::choose`] chooses until the next call; `context` are the tokens of the prompt.
    pub fn begin_answer(&mut self, sampling: SamplingParameters, context: &[u32]) {
        match self {
            Self::Cpu(executor) => executor.begin_answer(sampling, context),
            Self::Gpu(executor) => executor.begin_answer(sampling, context),
        }
    }

    /// Runs `tokens` as [`Executor::forward`] does, chooses the token that follows them, and goes on with it: at
    /// least one and at most `most_tokens` new tokens, as many as the backend finds worth doing at once; exactly one
    /// where only some are `allowed`. The cache then holds all but the last of them.
    ///
    /// # Errors
    /// The device failed.
    pub(crate) async fn choose(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        most_tokens: usize,
        allowed: Option<&AllowedTokens>,
    ) -> Result<Vec<u32>, EngineError> {
        match self {
            Self::Cpu(executor) => executor.choose(tokens, first_position, allowed).map(|token| vec![token]),
            Self::Gpu(executor) => executor.choose(tokens, first_position, most_tokens, allowed).await,
        }
    }
}
