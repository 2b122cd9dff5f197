//! The buffers of a loaded model, found by what kernels call them.

use super::GpuDevice;
use super::call::{Batch, Resource};
use super::kernels::{self, MOST_CHOSEN, Sampling};
use super::weights::GpuWeight;
use crate::executor::MOST_LOGIT_ROWS;
use crate::plan::{Operation, Plan, Rows};

/// Everything that kernels bind.
pub(super) struct Buffers {
    batch: wgpu::Buffer,
    token_ids: wgpu::Buffer,
    activations: Vec<wgpu::Buffer>,
    weights: Vec<GpuWeight>,
    ropes: Vec<wgpu::Buffer>,
    keys: Vec<wgpu::Buffer>,
    values: Vec<wgpu::Buffer>,
    attention_parts: wgpu::Buffer,
    sampling: wgpu::Buffer,
    seen: wgpu::Buffer,
    allowed: wgpu::Buffer,
    chunk_bests: wgpu::Buffer,
    candidates: wgpu::Buffer,
    candidate_count: wgpu::Buffer,
    chosen: wgpu::Buffer,
}

impl Buffers {
    /// Makes room for batches of up to `batch_tokens` tokens and sequences of up to `context_tokens`.
    pub(super) fn new(
        gpu: &GpuDevice,
        plan: &Plan,
        weights: Vec<GpuWeight>,
        batch_tokens: usize,
        context_tokens: usize,
    ) -> Self {
        use wgpu::BufferUsages as Use;
        let create = |label, size_bytes: usize, usage| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: (size_bytes as u64).next_multiple_of(16).max(16),
                usage: usage | Use::STORAGE | Use::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let plain = |label, size_bytes| create(label, size_bytes, Use::empty());
        let rows = |rows| match rows {
            Rows::All => batch_tokens,
            Rows::Logits => MOST_LOGIT_ROWS,
        };
        let activations = plan
            .buffers
            .iter()
            .map(|buffer| create(buffer.name, buffer.columns * rows(buffer.rows) * 4, Use::COPY_SRC));
        let ropes = plan.ropes.iter().map(|rope| {
            let table = kernels::rope_table(rope, context_tokens);
            let buffer = plain("rope", table.len() * 8);
            gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&table));
            buffer
        });
        let cache = |label| {
            let size = |cache: &crate::plan::Cache| context_tokens * cache.heads * cache.head_size * 2;
            plan.caches.iter().map(move |cache| plain(label, size(cache))).collect()
        };
        let parts = plan.steps.iter().filter_map(|step| match step.operation {
            Operation::Attention { query_heads, cache, .. } => {
                Some(kernels::parts_bytes(query_heads, plan.caches[cache].head_size))
            }
            _ => None,
        });
        Self {
            batch: create("batch", size_of::<Batch>(), Use::UNIFORM),
            token_ids: plain("tokens", batch_tokens * 4),
            activations: activations.collect(),
            ropes: ropes.collect(),
            keys: cache("keys"),
            values: cache("values"),
            attention_parts: plain("attention parts", parts.max().unwrap_or(0) as usize),
            sampling: create("sampling", size_of::<Sampling>(), Use::UNIFORM),
            seen: plain("seen", plan.vocabulary_size.div_ceil(32) * 4),
            allowed: plain("allowed", plan.vocabulary_size.div_ceil(32) * 4),
            chunk_bests: plain("chunk bests", kernels::chunks(plan.vocabulary_size) * 8),
            candidates: plain("candidates", plan.vocabulary_size * 8),
            candidate_count: plain("candidate count", 4),
            chosen: create("chosen", MOST_CHOSEN * 4, Use::COPY_SRC),
            weights,
        }
    }

    /// The buffer that a kernel binds.
    ///
    /// # Panics
    /// Where the plan has no such part: a bug of the recorder's.
    pub(super) fn get(&self, resource: Resource) -> &wgpu::Buffer {
        match resource {
            Resource::Batch => &self.batch,
            Resource::TokenIds => &self.token_ids,
            Resource::Activations(id) => &self.activations[id.0],
            Resource::Weight { weight, shard, plane } => {
                self.weights[weight.0].plane(shard, plane).expect("the recorder names planes that the format has")
            }
            Resource::AdapterA(_) | Resource::AdapterB(_) | Resource::Reduced => {
                unreachable!("adapters have buffers of their own")
            }
            Resource::Rope(id) => &self.ropes[id.0],
            Resource::Keys(cache) => &self.keys[cache],
            Resource::Values(cache) => &self.values[cache],
            Resource::AttentionParts => &self.attention_parts,
            Resource::Sampling => &self.sampling,
            Resource::Seen => &self.seen,
            Resource::Allowed => &self.allowed,
            Resource::ChunkBests => &self.chunk_bests,
            Resource::Candidates => &self.candidates,
            Resource::CandidateCount => &self.candidate_count,
            Resource::Chosen => &self.chosen,
        }
    }

    /// Bytes of the keys and values.
    pub(super) fn cache_bytes(&self) -> u64 {
        self.keys.iter().chain(&self.values).map(wgpu::Buffer::size).sum()
    }

    /// Bytes of everything but weights, keys and values.
    pub(super) fn scratch_bytes(&self) -> u64 {
        let single =
            [&self.attention_parts, &self.candidates, &self.chunk_bests, &self.seen, &self.allowed, &self.token_ids];
        self.activations.iter().chain(&self.ropes).chain(single).map(wgpu::Buffer::size).sum()
    }
}
