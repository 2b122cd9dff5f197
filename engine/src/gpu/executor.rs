//! A model on the GPU: walks the recorded calls for each batch, in one compute pass.
//!
//! While it writes, token ids never leave the GPU: the kernels that choose a token put it where the next pass reads
//! it and advance the position, so that several tokens are one submission and one readback.

use std::ops::Range;

use shared::sampling::SamplingParameters;

use super::GpuDevice;
use super::adapter::{GpuAdapter, ReadyPlan};
use super::buffers::Buffers;
use super::call::{Batch, Resource};
use super::kernels::{MOST_CHOSEN, Sampling};
use super::pipelines::Pipelines;
use super::readback::Readback;
use super::recorder::{RecordedStep, Tuning, record};
use super::weights;
use crate::adapter::{LoadedAdapters, LoraAdapter, Placement};
use crate::clock::now_seconds;
use crate::constraint::AllowedTokens;
use crate::error::EngineError;
use crate::executor::{Inspect, LogitsWanted, MOST_LOGIT_ROWS};
use crate::gguf::GgufFile;
use crate::plan::{Plan, WeightId};
use crate::source::ReadAt;

/// Tokens of one batch: enough to use each decoded weight often, few enough that a slow GPU answers within a moment
/// (systems reset a GPU that is silent for two seconds) and a stop is seen soon.
const BATCH_TOKENS: usize = 64;

/// Tokens are chosen together for as long as that takes no longer than this: text should flow, and a stop should be
/// seen at once.
const SUBMISSION_SECONDS: f64 = 0.05;

/// A model on the GPU.
pub struct GpuExecutor {
    gpu: GpuDevice,
    plan: Plan,
    tuning: Tuning,
    buffers: Buffers,
    pipelines: Pipelines,
    /// What runs without an adapter.
    base: ReadyPlan,
    adapters: LoadedAdapters<GpuAdapter>,
    weights_bytes: u64,
    logits_readback: Readback,
    chosen_readback: Readback,
    is_greedy: bool,
    sampling: Sampling,
    /// What one more token of a submission costs, as last measured.
    seconds_per_token: Option<f64>,
}

impl GpuExecutor {
    /// Takes the weights of `plan` from `source` to the GPU, and makes room for sequences of `context_tokens`.
    ///
    /// # Errors
    /// The file can't be read, or the device can't hold or run the model.
    pub async fn load(
        gpu: GpuDevice,
        plan: Plan,
        file: &GgufFile,
        source: &dyn ReadAt,
        context_tokens: usize,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        let tuning = if gpu.is_software() { Tuning::SOFTWARE } else { Tuning::HARDWARE };
        let recording = record(&plan, tuning)?;
        check_cache(&gpu, &plan, context_tokens)?;
        let weights_bytes = plan
            .weights
            .iter()
            .enumerate()
            .map(|(id, weight)| weights::size_bytes(weight, weights::stored_as(&plan, WeightId(id))))
            .sum();
        let memory = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let uploaded = weights::upload(&gpu, &plan, file, source, progress).await?;
        let buffers = Buffers::new(&gpu, &plan, uploaded, BATCH_TOKENS, context_tokens);
        gpu.finish_work().await?;
        if let Some(error) = memory.pop().await {
            return Err(EngineError::OutOfMemory {
                what: "the model".to_owned(),
                needed_bytes: weights_bytes + buffers.cache_bytes() + buffers.scratch_bytes(),
                limit: format!("the GPU's memory: {error}"),
            });
        }
        let validation = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let mut pipelines = Pipelines::default();
        let ready = pipelines.prepare(&gpu, &recording.calls, |resource| buffers.get(resource));
        if let Some(error) = validation.pop().await {
            return Err(EngineError::Gpu(error.to_string()));
        }
        gpu.check()?;
        let mut this = Self {
            gpu,
            plan,
            tuning,
            buffers,
            pipelines,
            base: ReadyPlan::new(recording, ready),
            adapters: LoadedAdapters::default(),
            weights_bytes,
            logits_readback: Readback::new(),
            chosen_readback: Readback::new(),
            is_greedy: true,
            sampling: Sampling::default(),
            seconds_per_token: None,
        };
        this.begin_answer(SamplingParameters::GREEDY, &[]);
        Ok(this)
    }

    /// The most tokens one batch may have.
    pub fn batch_tokens(&self) -> usize {
        BATCH_TOKENS
    }

    /// Bytes of weights, cache and scratch buffers.
    pub fn memory_bytes(&self) -> (u64, u64, u64) {
        let adapters = self.adapters.iter().map(|(_, adapter)| adapter.size_bytes());
        let (matrices, scratch) = adapters.fold((0, 0), |(a, b), (matrices, scratch)| (a + matrices, b + scratch));
        (self.weights_bytes + matrices, self.buffers.cache_bytes(), self.buffers.scratch_bytes() + scratch)
    }

    /// Takes an adapter whose matrices lie as `placement` says.
    ///
    /// # Errors
    /// The device can't hold or run it.
    pub(crate) async fn load_adapter(
        &mut self,
        name: &str,
        adapter: &LoraAdapter,
        placement: &Placement,
    ) -> Result<(), EngineError> {
        let Self { gpu, plan, tuning, buffers, pipelines, .. } = self;
        let adapter =
            GpuAdapter::load(gpu, plan, *tuning, buffers, pipelines, BATCH_TOKENS, adapter, placement).await?;
        self.adapters.insert(name, adapter);
        Ok(())
    }

    /// The adapters it holds.
    pub(crate) fn adapters(&self) -> &LoadedAdapters<GpuAdapter> {
        &self.adapters
    }

    /// The adapters it holds.
    pub(crate) fn adapters_mut(&mut self) -> &mut LoadedAdapters<GpuAdapter> {
        &mut self.adapters
    }

    /// What runs with the adapter in use, or without one.
    fn ready(&self) -> &ReadyPlan {
        self.adapters.current().map_or(&self.base, |adapter| &adapter.plan)
    }

    /// Dispatches that write one token after `position` others: what a slow driver makes dear.
    pub fn dispatches_per_token(&self, position: usize) -> usize {
        let batch = Batch { first_position: position as u32, tokens: 1, logit_rows: 1, ..Batch::default() };
        let ReadyPlan { steps, greedy, ready, .. } = self.ready();
        let calls = steps.iter().map(|step| step.one_row.clone()).chain([greedy.clone()]).flatten();
        calls.filter(|&call| ready.dispatches[call].grid.workgroups(&batch).is_some()).count()
    }

    /// See [`crate::executor::Executor::begin_answer`].
    pub fn begin_answer(&mut self, sampling: SamplingParameters, context: &[u32]) {
        self.is_greedy = sampling.is_greedy();
        let mut seen = vec![0_u32; self.plan.vocabulary_size.div_ceil(32)];
        for &token in context {
            if let Some(word) = seen.get_mut(token as usize / 32) {
                *word |= 1 << (token % 32);
            }
        }
        self.write(Resource::Seen, bytemuck::cast_slice(&seen));
        self.sampling = Sampling::from(sampling);
        self.write(Resource::Sampling, bytemuck::bytes_of(&self.sampling));
    }

    /// Runs a batch; see [`crate::executor::Executor::forward`].
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// Where more tokens or rows of logits are asked for than a batch has room for.
    pub async fn forward(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
    ) -> Result<Vec<f32>, EngineError> {
        let batch = self.start(tokens, first_position, wanted);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.encode(&mut encoder, self.calls_of(&batch), &batch);
        let rows = batch.logit_rows as usize;
        if rows > 0 {
            let size_bytes = (rows * self.plan.vocabulary_size * 4) as u64;
            let logits = self.buffers.get(Resource::Activations(self.plan.logits.buffer));
            self.logits_readback.copy(&self.gpu, &mut encoder, logits, size_bytes);
        }
        self.gpu.queue.submit([encoder.finish()]);
        if rows == 0 {
            self.gpu.finish_work().await?;
            return Ok(Vec::new());
        }
        self.logits_readback.read(&self.gpu, rows * self.plan.vocabulary_size).await
    }

    /// See [`crate::executor::Executor::hidden_states`].
    ///
    /// # Errors
    /// The device failed.
    pub async fn hidden_states(&mut self, tokens: &[u32], first_position: usize) -> Result<Vec<f32>, EngineError> {
        let batch = self.start(tokens, first_position, LogitsWanted::All);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let before_logits = self.ready().steps.iter().filter(|step| step.output != Some(self.plan.logits));
        self.encode(&mut encoder, before_logits.map(|step| calls_of_step(step, &batch)), &batch);
        let columns = self.plan.buffers[self.plan.hidden.buffer.0].columns;
        let hidden = self.buffers.get(Resource::Activations(self.plan.hidden.buffer));
        let count = tokens.len() * columns;
        self.logits_readback.copy(&self.gpu, &mut encoder, hidden, (count * 4) as u64);
        self.gpu.queue.submit([encoder.finish()]);
        self.logits_readback.read(&self.gpu, count).await
    }

    /// See [`crate::executor::Executor::choose`].
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
        self.allow(allowed);
        // What is allowed next depends on what is chosen now.
        let count = if allowed.is_some() { 1 } else { self.tokens_per_submission().min(most_tokens).max(1) };
        let started = now_seconds();
        let chosen = self.choose_exactly(tokens, first_position, count).await?;
        if tokens.len() == 1 {
            self.seconds_per_token = Some((now_seconds() - started) / count as f64);
        }
        Ok(chosen)
    }

    /// As [`GpuExecutor::choose`], with `count` tokens in one submission whatever that takes.
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// Where more tokens are asked for than fit a submission.
    pub async fn choose_exactly(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        count: usize,
    ) -> Result<Vec<u32>, EngineError> {
        assert!((1..=MOST_CHOSEN).contains(&count), "a submission chooses 1 to {MOST_CHOSEN} tokens");
        let mut batch = self.start(tokens, first_position, LogitsWanted::Last);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let ready = self.ready();
        let sample = if self.is_greedy { ready.greedy.clone() } else { ready.drawn.clone() };
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for _ in 0..count {
                self.record(&mut pass, self.calls_of(&batch).chain([sample.clone()]), &batch);
                // The kernel that chooses does the same to the GPU's copy.
                batch = Batch {
                    first_position: batch.first_position + batch.tokens,
                    tokens: 1,
                    first_logit_row: 0,
                    logit_rows: 1,
                    ..batch
                };
            }
        }
        let chosen = self.buffers.get(Resource::Chosen);
        self.chosen_readback.copy(&self.gpu, &mut encoder, chosen, (count * 4) as u64);
        self.gpu.queue.submit([encoder.finish()]);
        self.chosen_readback.read(&self.gpu, count).await
    }

    /// As [`GpuExecutor::forward`] a step at a time, showing each step's name and the rows it wrote, to compare
    /// backends.
    ///
    /// # Errors
    /// The device failed.
    pub async fn run(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
        inspect: &mut Inspect<'_>,
    ) -> Result<(), EngineError> {
        let batch = self.start(tokens, first_position, wanted);
        let mut readback = Readback::new();
        for step in &self.ready().steps {
            let rows = batch.rows(step.rows) as usize;
            if rows == 0 {
                continue;
            }
            let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.encode(&mut encoder, [calls_of_step(step, &batch)], &batch);
            let Some(view) = step.output else {
                self.gpu.queue.submit([encoder.finish()]);
                continue;
            };
            let columns = self.plan.buffers[view.buffer.0].columns;
            let buffer = self.buffers.get(Resource::Activations(view.buffer));
            readback.copy(&self.gpu, &mut encoder, buffer, (rows * columns * 4) as u64);
            self.gpu.queue.submit([encoder.finish()]);
            let values: Vec<f32> = readback.read(&self.gpu, rows * columns).await?;
            let seen: Vec<f32> = values
                .chunks_exact(columns)
                .flat_map(|row| &row[view.first_column..view.first_column + view.columns])
                .copied()
                .collect();
            inspect(&step.name, &seen);
        }
        Ok(())
    }

    /// Tells the GPU what the next batch is.
    fn start(&self, tokens: &[u32], first_position: usize, wanted: LogitsWanted) -> Batch {
        let logit_rows = wanted.rows(tokens.len());
        assert!(!tokens.is_empty() && tokens.len() <= BATCH_TOKENS, "a batch has 1 to {BATCH_TOKENS} tokens");
        assert!(logit_rows <= MOST_LOGIT_ROWS, "a batch has at most {MOST_LOGIT_ROWS} rows of logits");
        let batch = Batch {
            first_position: first_position as u32,
            tokens: tokens.len() as u32,
            first_logit_row: (tokens.len() - logit_rows) as u32,
            logit_rows: logit_rows as u32,
            ..Batch::default()
        };
        self.write(Resource::TokenIds, bytemuck::cast_slice(tokens));
        self.write(Resource::Batch, bytemuck::bytes_of(&batch));
        batch
    }

    fn write(&self, resource: Resource, bytes: &[u8]) {
        self.gpu.queue.write_buffer(self.buffers.get(resource), 0, bytes);
    }

    fn allow(&mut self, allowed: Option<&AllowedTokens>) {
        let is_constrained = u32::from(allowed.is_some());
        if self.sampling.is_constrained != is_constrained {
            self.sampling.is_constrained = is_constrained;
            self.write(Resource::Sampling, bytemuck::bytes_of(&self.sampling));
        }
        if let Some(allowed) = allowed {
            let words = self.plan.vocabulary_size.div_ceil(32).min(allowed.words().len());
            self.write(Resource::Allowed, bytemuck::cast_slice(&allowed.words()[..words]));
        }
    }

    fn calls_of(&self, batch: &Batch) -> impl Iterator<Item = Range<usize>> {
        self.ready().steps.iter().map(|step| calls_of_step(step, batch))
    }

    fn encode(&self, encoder: &mut wgpu::CommandEncoder, calls: impl IntoIterator<Item = Range<usize>>, batch: &Batch) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        self.record(&mut pass, calls, batch);
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>, calls: impl IntoIterator<Item = Range<usize>>, batch: &Batch) {
        let mut current = None;
        let ready = &self.ready().ready;
        for dispatch in calls.into_iter().flat_map(|calls| &ready.dispatches[calls]) {
            if let Some([x, y, z]) = dispatch.grid.workgroups(batch) {
                if current != Some(dispatch.pipeline) {
                    pass.set_pipeline(&self.pipelines.pipelines[dispatch.pipeline]);
                    current = Some(dispatch.pipeline);
                }
                pass.set_bind_group(0, &ready.bind_groups[dispatch.bind_group], &[]);
                pass.dispatch_workgroups(x, y, z);
            }
        }
    }

    fn tokens_per_submission(&self) -> usize {
        self.seconds_per_token.map_or(1, |seconds| (SUBMISSION_SECONDS / seconds) as usize).clamp(1, MOST_CHOSEN)
    }
}

impl Drop for GpuExecutor {
    fn drop(&mut self) {
        // Frees the memory now; the browser's garbage collector may take its time.
        self.gpu.device.destroy();
    }
}

/// The calls of a step for this many rows; none where it has none.
fn calls_of_step(step: &RecordedStep, batch: &Batch) -> Range<usize> {
    match batch.rows(step.rows) {
        0 => 0..0,
        1 => step.one_row.clone(),
        _ => step.many_rows.clone(),
    }
}

/// Each layer's keys must fit one binding.
fn check_cache(gpu: &GpuDevice, plan: &Plan, context_tokens: usize) -> Result<(), EngineError> {
    let limits = gpu.limits();
    let limit = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
    let largest = plan.caches.iter().map(|cache| (cache.heads * cache.head_size * 2) as u64).max().unwrap_or(0);
    let needed_bytes = largest * context_tokens as u64;
    if needed_bytes <= limit {
        return Ok(());
    }
    Err(EngineError::OutOfMemory {
        what: format!("the memory of {context_tokens} tokens of one layer"),
        needed_bytes,
        limit: format!("{limit} bytes in one buffer of this GPU"),
    })
}
