//! An adapter on the GPU: its matrices, and the plan's calls with them.

use std::collections::HashMap;

use super::GpuDevice;
use super::buffers::Buffers;
use super::call::Resource;
use super::pipelines::{Pipelines, Ready};
use super::recorder::{RecordedStep, Recording, Tuning, record_adapted};
use crate::adapter::{LoraAdapter, Placement};
use crate::error::EngineError;
use crate::plan::{Plan, WeightId};

/// A plan's calls, ready to run.
pub(super) struct ReadyPlan {
    pub(super) steps: Vec<RecordedStep>,
    pub(super) greedy: std::ops::Range<usize>,
    pub(super) drawn: std::ops::Range<usize>,
    pub(super) ready: Ready,
}

/// An adapter beside the weights of a plan.
pub(crate) struct GpuAdapter {
    matrices: Matrices,
    pub(super) plan: ReadyPlan,
}

struct Matrices {
    a: HashMap<WeightId, wgpu::Buffer>,
    b: HashMap<WeightId, wgpu::Buffer>,
    reduced: wgpu::Buffer,
}

impl GpuAdapter {
    /// Takes an adapter to the GPU and makes the calls with it ready, so that to use it only another list of them is run.
    ///
    /// # Errors
    /// The device can't hold or run it.
    #[expect(clippy::too_many_arguments, reason = "the parts of the executor that it is made for")]
    pub(super) async fn load(
        gpu: &GpuDevice,
        plan: &Plan,
        tuning: Tuning,
        buffers: &Buffers,
        pipelines: &mut Pipelines,
        batch_tokens: usize,
        adapter: &LoraAdapter,
        placement: &Placement,
    ) -> Result<Self, EngineError> {
        let recording = record_adapted(plan, tuning, placement)?;
        let memory = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let matrices = Matrices::upload(gpu, batch_tokens, adapter, placement);
        if let Some(error) = memory.pop().await {
            return Err(out_of_memory(0, format!("the GPU's memory: {error}")));
        }
        let matrices = matrices?;
        let validation = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let ready = pipelines.prepare(gpu, &recording.calls, |resource| match resource {
            Resource::AdapterA(weight) => &matrices.a[&weight],
            Resource::AdapterB(weight) => &matrices.b[&weight],
            Resource::Reduced => &matrices.reduced,
            resource => buffers.get(resource),
        });
        if let Some(error) = validation.pop().await {
            return Err(EngineError::Gpu(error.to_string()));
        }
        gpu.finish_work().await?;
        Ok(Self { matrices, plan: ReadyPlan::new(recording, ready) })
    }

    /// Bytes of its matrices, and of scratch.
    pub(super) fn size_bytes(&self) -> (u64, u64) {
        let Matrices { a, b, reduced } = &self.matrices;
        (a.values().chain(b.values()).map(wgpu::Buffer::size).sum(), reduced.size())
    }
}

impl Matrices {
    fn upload(
        gpu: &GpuDevice,
        batch_tokens: usize,
        adapter: &LoraAdapter,
        placement: &Placement,
    ) -> Result<Self, EngineError> {
        let limits = gpu.limits();
        let most_bytes = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        let create = |label, length: usize| {
            let size = length as u64 * 4;
            if size > most_bytes {
                return Err(out_of_memory(size, format!("{most_bytes} bytes in one buffer of this GPU")));
            }
            Ok(gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }))
        };
        let upload = |label, values: &[f32]| -> Result<wgpu::Buffer, EngineError> {
            let buffer = create(label, values.len())?;
            gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(values));
            Ok(buffer)
        };
        let (mut a, mut b, mut most_parts) = (HashMap::new(), HashMap::new(), 1);
        for (weight, parts) in placement.weights.iter().enumerate().filter(|(_, parts)| !parts.is_empty()) {
            a.insert(WeightId(weight), upload("adapter A", &placement.stacked_a(adapter, weight))?);
            let stacked: Vec<f32> = parts.iter().flat_map(|part| placement.scaled_b(adapter, part)).collect();
            b.insert(WeightId(weight), upload("adapter B", &stacked)?);
            most_parts = most_parts.max(parts.len());
        }
        let reduced = create("reduced", batch_tokens * most_parts * placement.rank)?;
        Ok(Self { a, b, reduced })
    }
}

impl ReadyPlan {
    /// A recording whose calls are ready.
    pub(super) fn new(recording: Recording, ready: Ready) -> Self {
        let Recording { calls: _, steps, greedy, drawn } = recording;
        Self { steps, greedy, drawn, ready }
    }
}

fn out_of_memory(needed_bytes: u64, limit: String) -> EngineError {
    EngineError::OutOfMemory { what: "the adapter".to_owned(), needed_bytes, limit }
}
