//! A model on the GPU: walks the recorded calls for each batch, in one compute pass.
//!
//! While it writes, token ids never leave the GPU: the kernels that choose a token put it where the next pass reads
//! it and advance the position, so that several tokens are one submission and one readback.

use std::ops::Range;

use shared::sampling::SamplingParameters;

use super::GpuDevice;
use super::buffers::Buffers;
use super::call::{Batch, Resource};
use super::kernels::{MOST_CHOSEN, Sampling};
use super::pipelines::Pipelines;
use super::readback::Readback;
use super::recorder::{RecordedStep, Recording, Tuning, record};
use super::weights;
use crate::clock::now_seconds;
use crate::constraint::AllowedTokens;
use crate::error::EngineError;
use crate::executor::{Inspect, LogitsWanted, MOST_LOGIT_ROWS};
use crate::gguf::GgufFile;
use crate::plan::{Plan, View, WeightId};
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
    steps: Vec<RecordedStep>,
    greedy: Range<usize>,
    drawn: Range<usize>,
    buffers: Buffers,
    pipelines: Pipelines,
    hidden: View,
    logits: View,
    vocabulary_size: usize,
    weights_bytes: u64,
    columns: Vec<usize>, // [buffers]
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
        plan: &Plan,
        file: &GgufFile,
        source: &dyn ReadAt,
        context_tokens: usize,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        let tuning = if gpu.is_software() { Tuning::SOFTWARE } else { Tuning::HARDWARE };
        let Recording { calls, steps, greedy, drawn } = record(plan, tuning)?;
        check_cache(&gpu, plan, context_tokens)?;
        let weights_bytes = plan
            .weights
            .iter()
            .enumerate()
            .map(|(id, weight)| weights::size_bytes(weight, weights::stored_as(plan, WeightId(id))))
            .sum();
        let memory = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let uploaded = weights::upload(&gpu, plan, file, source, progress).await?;
        let buffers = Buffers::new(&gpu, plan, uploaded, BATCH_TOKENS, context_tokens);
        gpu.finish_work().await?;
        if let Some(error) = memory.pop().await {
            return Err(EngineError::OutOfMemory {
                what: "the model".to_owned(),
                needed_bytes: weights_bytes + buffers.cache_bytes() + buffers.scratch_bytes(),
                limit: format!("the GPU's memory: {error}"),
            });
        }
        let validation = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let pipelines = Pipelines::new(&gpu, &calls, &buffers);
        if let Some(error) = validation.pop().await {
            return Err(EngineError::Gpu(error.to_string()));
        }
        gpu.check()?;
        let mut this = Self {
            gpu,
            steps,
            greedy,
            drawn,
            buffers,
            pipelines,
            hidden: plan.hidden,
            logits: plan.logits,
            vocabulary_size: plan.vocabulary_size,
            weights_bytes,
            columns: plan.buffers.iter().map(|buffer| buffer.columns).collect(),
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
        (self.weights_bytes, self.buffers.cache_bytes(), self.buffers.scratch_bytes())
    }

    /// Dispatches that write one token after `position` others: what a slow driver makes dear.
    pub fn dispatches_per_token(&self, position: usize) -> usize {
        let batch = Batch { first_position: position as u32, tokens: 1, logit_rows: 1, ..Batch::default() };
        let calls = self.steps.iter().map(|step| step.one_row.clone()).chain([self.greedy.clone()]).flatten();
        calls.filter(|&call| self.pipelines.dispatches[call].grid.workgroups(&batch).is_some()).count()
    }

    /// See [`crate::executor::Executor::begin_answer`].
    pub fn begin_answer(&mut self, sampling: SamplingParameters, context: &[u32]) {
        self.is_greedy = sampling.is_greedy();
        let mut seen = vec![0_u32; self.vocabulary_size.div_ceil(32)];
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
            let size_bytes = (rows * self.vocabulary_size * 4) as u64;
            let logits = self.buffers.get(Resource::Activations(self.logits.buffer));
            self.logits_readback.copy(&self.gpu, &mut encoder, logits, size_bytes);
        }
        self.gpu.queue.submit([encoder.finish()]);
        if rows == 0 {
            self.gpu.finish_work().await?;
            return Ok(Vec::new());
        }
        self.logits_readback.read(&self.gpu, rows * self.vocabulary_size).await
    }

    /// See [`crate::executor::Executor::hidden_states`].
    ///
    /// # Errors
    /// The device failed.
    pub async fn hidden_states(&mut self, tokens: &[u32], first_position: usize) -> Result<Vec<f32>, EngineError> {
        let batch = self.start(tokens, first_position, LogitsWanted::All);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let before_logits = self.steps.iter().filter(|step| step.output != Some(self.logits));
        self.encode(&mut encoder, before_logits.map(|step| calls_of_step(step, &batch)), &batch);
        let columns = self.columns[self.hidden.buffer.0];
        let hidden = self.buffers.get(Resource::Activations(self.hidden.buffer));
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
        let sample = if self.is_greedy { self.greedy.clone() } else { self.drawn.clone() };
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
        for index in 0..self.steps.len() {
            let step = &self.steps[index];
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
            let columns = self.columns[view.buffer.0];
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
            let words = self.vocabulary_size.div_ceil(32).min(allowed.words().len());
            self.write(Resource::Allowed, bytemuck::cast_slice(&allowed.words()[..words]));
        }
    }

    fn calls_of(&self, batch: &Batch) -> impl Iterator<Item = Range<usize>> {
        self.steps.iter().map(|step| calls_of_step(step, batch))
    }

    fn encode(&self, encoder: &mut wgpu::CommandEncoder, calls: impl IntoIterator<Item = Range<usize>>, batch: &Batch) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        self.record(&mut pass, calls, batch);
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>, calls: impl IntoIterator<Item = Range<usize>>, batch: &Batch) {
        let mut current = None;
        for dispatch in calls.into_iter().flat_map(|calls| &self.pipelines.dispatches[calls]) {
            if let Some([x, y, z]) = dispatch.grid.workgroups(batch) {
                if current != Some(dispatch.pipeline) {
                    pass.set_pipeline(&self.pipelines.pipelines[dispatch.pipeline]);
                    current = Some(dispatch.pipeline);
                }
                pass.set_bind_group(0, &self.pipelines.bind_groups[dispatch.bind_group], &[]);
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
