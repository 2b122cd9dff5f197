//! Chooses the next token on the GPU, by the rules of `shared::sampling`, and makes it the input of the next pass.
//!
//! Three kernels: each chunk of the vocabulary applies the repetition penalty and finds its best logit; unless the
//! choice is greedy, each chunk then lists the tokens that could be drawn at all; one workgroup chooses among them.

use super::with_batch_written;
use crate::gpu::call::{Call, Grid, Resource};
use crate::gpu::shader::Template;
use crate::plan::BufferId;
use shared::sampling::SamplingParameters;

/// Logits that one workgroup of the first kernels looks at.
pub(in crate::gpu) const CHUNK_LOGITS: usize = 1024;

/// The most tokens chosen between two readbacks.
pub(in crate::gpu) const MOST_CHOSEN: usize = 64;

const CHUNK_THREADS: usize = 64;

const CHOOSE_THREADS: usize = 128;

/// How to choose, as the kernels see it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub(in crate::gpu) struct Sampling {
    temperature: f32,
    top_p: f32,
    /// `temperature * ln(min_p)`: how far below the best logit a token may be.
    min_p_distance: f32,
    repetition_penalty: f32,
    /// 0 keeps all.
    top_k: u32,
    seed_low: u32,
    seed_high: u32,
    /// 1 where only some tokens are allowed.
    pub(in crate::gpu) is_constrained: u32,
}

impl From<SamplingParameters> for Sampling {
    fn from(parameters: SamplingParameters) -> Self {
        let SamplingParameters { temperature, top_k, top_p, min_p, repetition_penalty, seed } = parameters;
        Self {
            temperature,
            top_p,
            min_p_distance: if min_p > 0.0 { temperature * min_p.ln() } else { f32::MIN },
            repetition_penalty,
            top_k,
            seed_low: seed as u32,
            seed_high: (seed >> 32) as u32,
            is_constrained: 0,
        }
    }
}

const SAMPLING: &str = "struct Sampling {
    temperature: f32,
    top_p: f32,
    min_p_distance: f32,
    repetition_penalty: f32,
    top_k: u32,
    seed_low: u32,
    seed_high: u32,
    is_constrained: u32,
}
";

/// Number of chunks of a vocabulary.
pub(in crate::gpu) fn chunks(vocabulary_size: usize) -> usize {
    vocabulary_size.div_ceil(CHUNK_LOGITS)
}

/// The calls that choose the most probable token, or else draw one.
pub(in crate::gpu) fn sample(logits: BufferId, vocabulary_size: usize, is_greedy: bool) -> Vec<Call> {
    let common = |name, body| {
        Template::new(name, body)
            .part(include_str!("sample_best.wgsl"))
            .part(SAMPLING)
            .constant("VOCABULARY", vocabulary_size)
            .constant("CHUNKS", chunks(vocabulary_size))
            .constant("CHUNK_LOGITS", CHUNK_LOGITS)
            .uniform("sampling", "Sampling", Resource::Sampling)
    };
    let grid = Grid::Fixed(chunks(vocabulary_size) as u32);
    let mut calls = vec![
        common("sample_chunks", include_str!("sample_chunks.wgsl"))
            .constant("THREADS", CHUNK_THREADS)
            .write("logits", "f32", Resource::Activations(logits))
            .read("seen", "u32", Resource::Seen)
            .read("allowed", "u32", Resource::Allowed)
            .write("chunk_bests", "Best", Resource::ChunkBests)
            .call(grid),
    ];
    if !is_greedy {
        let gather = common("sample_candidates", include_str!("sample_candidates.wgsl"))
            .part(include_str!("sample_best_of_chunks.wgsl"))
            .constant("THREADS", CHUNK_THREADS)
            .read("logits", "f32", Resource::Activations(logits))
            .read("chunk_bests", "Best", Resource::ChunkBests)
            .write("candidates", "Best", Resource::Candidates)
            .write_struct("candidate_count", "atomic<u32>", Resource::CandidateCount);
        calls.push(gather.call(grid));
    }
    let body = if is_greedy { include_str!("sample_greedy.wgsl") } else { include_str!("sample_draw.wgsl") };
    let mut choose = common("sample_choose", body)
        .part(include_str!("sample_best_of_chunks.wgsl"))
        .part(include_str!("sample_choose.wgsl"))
        .constant("THREADS", CHOOSE_THREADS)
        .read("chunk_bests", "Best", Resource::ChunkBests)
        .write("tokens", "u32", Resource::TokenIds)
        .write("seen", "u32", Resource::Seen)
        .write("chosen", "u32", Resource::Chosen);
    if !is_greedy {
        choose = choose.read("candidates", "Best", Resource::Candidates).write_struct(
            "candidate_count",
            "u32",
            Resource::CandidateCount,
        );
    }
    calls.push(with_batch_written(choose).call(Grid::Fixed(1)));
    calls
}
