//! Whether there is memory for a training, and which setting would make it fit.

use engine::EngineError;
use engine::gguf::GgufFile;
use engine::training::{Method, Recompute, TrainingMemory};

use super::TrainingSpecification;

/// The program itself, and the rows as tokens.
const PROCESS_BYTES: u64 = 48 << 20;

/// Batches are not made smaller than this for the sake of memory.
const FEWEST_PACKED_TOKENS: usize = 128;

/// There is not enough memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "training needs about {} MiB of memory and {} MiB are free: {advice}",
    needed_bytes >> 20,
    free_bytes >> 20
)]
pub struct MemoryShortage {
    /// What it would take.
    pub needed_bytes: u64,
    /// What there is.
    pub free_bytes: u64,
    /// What to do.
    pub advice: String,
    /// The setting to change.
    pub param: &'static str,
}

/// What a training takes in memory, in all.
///
/// # Errors
/// The file is no model that can be trained.
pub fn memory(file: &GgufFile, specification: &TrainingSpecification) -> Result<u64, EngineError> {
    let (method, recompute) = (specification.method(), specification.recompute());
    Ok(total(engine::training::memory(file, &method, recompute, longest_batch(specification))?))
}

fn total(memory: TrainingMemory) -> u64 {
    memory.total_bytes() + PROCESS_BYTES
}

fn longest_batch(specification: &TrainingSpecification) -> usize {
    specification.packed_tokens.max(specification.sequence_tokens)
}

/// What is lacking where `free_bytes` of memory may be taken: nothing, or the setting that would make it fit.
///
/// # Errors
/// The file is no model that can be trained.
pub fn shortage(
    file: &GgufFile,
    specification: &TrainingSpecification,
    free_bytes: u64,
) -> Result<Option<MemoryShortage>, EngineError> {
    let needed_bytes = memory(file, specification)?;
    if needed_bytes <= free_bytes {
        return Ok(None);
    }
    let method = specification.method();
    let with = |recompute, tokens| engine::training::memory(file, &method, recompute, tokens).map(total);
    let short = |param, advice: String| Ok(Some(MemoryShortage { needed_bytes, free_bytes, advice, param }));
    if with(Recompute::Layers, longest_batch(specification))? <= free_bytes {
        return short("recompute", "set recompute, which is a third slower".to_owned());
    }
    let mut tokens = longest_batch(specification) / 2;
    while tokens >= FEWEST_PACKED_TOKENS {
        if with(Recompute::Layers, tokens)? <= free_bytes {
            let param = if tokens < specification.sequence_tokens { "sequence_tokens" } else { "packed_tokens" };
            let advice = format!("set recompute, and {param} to at most {tokens}");
            return short(param, advice);
        }
        tokens /= 2;
    }
    if method == Method::Full {
        return short("method", "train an adapter in place of all weights, or a smaller model".to_owned());
    }
    short("model", "train a smaller model, or this one in a smaller quantization".to_owned())
}
