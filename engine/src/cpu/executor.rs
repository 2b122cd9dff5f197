//! Walks the plan, one step after another, over all rows of a batch.

use shared::sampling::{Sampler, SamplingParameters};

use super::activation::Activations;
use super::adapter::CpuAdapter;
use super::attention::{HeadCache, attend};
use super::elementwise::{gate, rms_norm, rotate};
use super::lanes::InstructionSet;
use super::linear::{Place, multiply, quantize};
use super::parallel::Threads;
use super::weight::CpuWeight;
use crate::adapter::{LoadedAdapters, LoraAdapter, Placement};
use crate::constraint::AllowedTokens;
use crate::error::EngineError;
use crate::executor::{Inspect, LogitsWanted};
use crate::gguf::GgufFile;
use crate::plan::{Operation, Plan, Rows, Step, View, Weight, WeightId};
use crate::source::ReadAt;
use crate::weights;

/// Tokens of one batch: enough to pay for decoding the weights, few enough that a stop is seen soon.
const BATCH_TOKENS: usize = 128;

/// A model on the CPU.
pub struct CpuExecutor {
    set: InstructionSet,
    threads: Threads,
    plan: Plan,
    weights: Vec<LoadedWeight>,
    /// Per plan buffer `[rows, columns]`; grown to the largest batch seen.
    buffers: Vec<Vec<f32>>,
    /// Per layer keys and values `[positions, heads * head_size]`; grown as the sequence grows.
    caches: Vec<KeysAndValues>,
    /// Most positions of a sequence.
    context_tokens: usize,
    activations: Activations,
    adapters: LoadedAdapters<CpuAdapter>,
    /// What an adapter's first matrix makes of a batch, `[rows, parts * rank]`; grown to the largest seen.
    reduced: Vec<f32>,
    sampler: Sampler,
}

enum LoadedWeight {
    /// Norms: a row of plain floats.
    Floats(Vec<f32>),
    /// Everything that is multiplied or looked up.
    Matrix(CpuWeight),
}

#[derive(Default)]
struct KeysAndValues {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// A batch on its way through the plan.
struct Batch<'a> {
    tokens: &'a [u32],
    first_position: usize,
    logit_rows: usize,
    /// Per rope of the plan, per token, per pair (cosine, sine).
    angles: Vec<Vec<(f32, f32)>>,
}

impl CpuExecutor {
    /// Takes the weights of `plan` from `source`; mapped files are not copied.
    ///
    /// # Errors
    /// The file can't be read, or there is no memory for it.
    pub fn load(
        threads: usize,
        plan: Plan,
        context_tokens: usize,
        file: &GgufFile,
        source: &dyn ReadAt,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, EngineError> {
        let mut placed_bytes = 0;
        let mut loaded = Vec::new();
        for (index, weight) in plan.weights.iter().enumerate() {
            loaded.push(if plan.is_norm(WeightId(index)) {
                LoadedWeight::Floats(weights::read_floats(source, file, weight)?)
            } else {
                LoadedWeight::Matrix(CpuWeight::load(source, file, weight)?)
            });
            placed_bytes += weight.size_bytes();
            progress(placed_bytes);
        }
        Ok(Self {
            set: InstructionSet::detect(),
            threads: Threads::new(threads),
            buffers: vec![Vec::new(); plan.buffers.len()],
            caches: plan.caches.iter().map(|_| KeysAndValues::default()).collect(),
            context_tokens,
            activations: Activations::default(),
            adapters: LoadedAdapters::default(),
            reduced: Vec::new(),
            weights: loaded,
            sampler: Sampler::new(SamplingParameters::GREEDY, plan.vocabulary_size),
            plan,
        })
    }

    /// The adapters it holds.
    pub(crate) fn adapters(&self) -> &LoadedAdapters<CpuAdapter> {
        &self.adapters
    }

    /// The adapters it holds.
    pub(crate) fn adapters_mut(&mut self) -> &mut LoadedAdapters<CpuAdapter> {
        &mut self.adapters
    }

    /// The most tokens one batch may have.
    pub fn batch_tokens(&self) -> usize {
        BATCH_TOKENS
    }

    /// Threads it computes on.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// Bytes of weights, cache and scratch buffers now in use.
    pub fn memory_bytes(&self) -> (u64, u64, u64) {
        let weights = self.plan.weights.iter().map(Weight::size_bytes).sum::<u64>();
        let adapters = self.adapters.iter().map(|(_, adapter)| adapter.size_bytes()).sum::<u64>();
        let floats = |values: &Vec<f32>| values.capacity() as u64 * 4;
        let caches = self.caches.iter().map(|cache| floats(&cache.keys) + floats(&cache.values)).sum();
        let scratch =
            self.buffers.iter().map(floats).sum::<u64>() + self.activations.size_bytes() + floats(&self.reduced);
        (weights + adapters, caches, scratch)
    }

    /// Keeps an adapter whose matrices lie as `placement` says.
    pub(crate) fn load_adapter(&mut self, name: &str, adapter: &LoraAdapter, placement: &Placement) {
        self.adapters.insert(name, CpuAdapter::new(adapter, placement));
    }

    /// Runs a batch; see [`crate::executor::Executor::forward`].
    ///
    /// # Errors
    /// There is no memory for the cache.
    pub fn forward(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
    ) -> Result<Vec<f32>, EngineError> {
        self.run(tokens, first_position, wanted, None)
    }

    /// See [`crate::executor::Executor::hidden_states`].
    ///
    /// # Errors
    /// There is no memory for the cache.
    pub fn hidden_states(&mut self, tokens: &[u32], first_position: usize) -> Result<Vec<f32>, EngineError> {
        let hidden = self.plan.hidden;
        self.walk(tokens, first_position, LogitsWanted::All, hidden, None)
    }

    /// See [`crate::executor::Executor::begin_answer`].
    pub fn begin_answer(&mut self, sampling: SamplingParameters, context: &[u32]) {
        self.sampler = Sampler::new(sampling, self.plan.vocabulary_size);
        context.iter().for_each(|&token| self.sampler.observe(token));
    }

    /// Runs `tokens` and chooses the one that follows, among those `allowed`.
    ///
    /// # Errors
    /// There is no memory for the cache.
    pub(crate) fn choose(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        allowed: Option<&AllowedTokens>,
    ) -> Result<u32, EngineError> {
        let mut logits = self.forward(tokens, first_position, LogitsWanted::Last)?;
        if let Some(allowed) = allowed {
            allowed.apply(&mut logits);
        }
        Ok(self.sampler.choose(&mut logits, (first_position + tokens.len()) as u32))
    }

    /// As [`CpuExecutor::forward`], and shows each step's name and the rows it wrote, to compare backends.
    ///
    /// # Errors
    /// There is no memory for the cache.
    pub fn run(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
        inspect: Option<&mut Inspect<'_>>,
    ) -> Result<Vec<f32>, EngineError> {
        let logits = self.plan.logits;
        self.walk(tokens, first_position, wanted, logits, inspect)
    }

    /// Runs a batch up to the step that writes `result`, and returns its rows.
    fn walk(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
        result: View,
        mut inspect: Option<&mut Inspect<'_>>,
    ) -> Result<Vec<f32>, EngineError> {
        let batch = Batch {
            tokens,
            first_position,
            logit_rows: wanted.rows(tokens.len()),
            angles: self
                .plan
                .ropes
                .iter()
                .map(|rope| rope.angles(first_position..first_position + tokens.len()))
                .collect(),
        };
        self.make_room(&batch)?;
        let Self { set, threads, plan, weights, buffers, caches, activations, adapters, reduced, .. } = self;
        let adapter = adapters.current();
        let mut walk = Walk { set: *set, threads, plan, weights, buffers, caches, activations, adapter, reduced };
        threads.enter(|| {
            for step in &plan.steps {
                if step.rows == Rows::All || batch.logit_rows > 0 {
                    walk.step(step, &batch);
                    let output = step.operation.output();
                    if let (Some(inspect), Some(view)) = (&mut inspect, output) {
                        inspect(&step.name, &walk.rows_of(view, batch.rows(step.rows)));
                    }
                    if output == Some(result) {
                        break;
                    }
                }
            }
        });
        Ok(walk.rows_of(result, batch.logit_rows))
    }

    fn make_room(&mut self, batch: &Batch<'_>) -> Result<(), EngineError> {
        for (buffer, values) in self.plan.buffers.iter().zip(&mut self.buffers) {
            let length = batch.rows(buffer.rows) * buffer.columns;
            if values.len() < length {
                values.resize(length, 0.0);
            }
        }
        let positions = batch.first_position + batch.tokens.len();
        for (cache, held) in self.plan.caches.iter().zip(&mut self.caches) {
            let length = positions * cache.heads * cache.head_size;
            let most = self.context_tokens * cache.heads * cache.head_size;
            for values in [&mut held.keys, &mut held.values] {
                // Doubled, so that a long sequence is copied a few times in all, not once per token; but never to more
                // than the context has room for, which is what people are told that it takes.
                let room = (2 * values.capacity()).min(most).max(length);
                let missing = if length > values.capacity() { room - values.len() } else { 0 };
                values.try_reserve_exact(missing).map_err(|_| EngineError::OutOfMemory {
                    what: format!("the memory of {positions} tokens"),
                    needed_bytes: length as u64 * 4,
                    limit: "the memory this tab or process may still take".to_owned(),
                })?;
                values.resize(values.len().max(length), 0.0);
            }
        }
        Ok(())
    }
}

impl Batch<'_> {
    fn rows(&self, rows: Rows) -> usize {
        match rows {
            Rows::All => self.tokens.len(),
            Rows::Logits => self.logit_rows,
        }
    }
}

/// The executor's parts, borrowed apart.
struct Walk<'a> {
    set: InstructionSet,
    threads: &'a Threads,
    plan: &'a Plan,
    weights: &'a [LoadedWeight],
    buffers: &'a mut [Vec<f32>],
    caches: &'a mut [KeysAndValues],
    activations: &'a mut Activations,
    adapter: Option<&'a CpuAdapter>,
    reduced: &'a mut Vec<f32>,
}

impl<'a> Walk<'a> {
    fn step(&mut self, step: &Step, batch: &Batch<'_>) {
        let rows = batch.rows(step.rows);
        match step.operation {
            Operation::Embed { table, scale, output } => {
                let table = self.matrix(table.0);
                let place = self.place(output);
                let buffer = &mut self.buffers[output.buffer.0];
                for (row, &token) in batch.tokens.iter().enumerate() {
                    let output = row_mut(buffer, place, row);
                    table.block_type.dequantize(table.row(token as usize), output);
                    output.iter_mut().for_each(|value| *value *= scale);
                }
            }
            Operation::RmsNorm { input, weight, epsilon, group_columns: _, output } => {
                let LoadedWeight::Floats(weight) = &self.weights[weight.0] else {
                    unreachable!("norm weights are loaded as floats")
                };
                self.copy(input, output, self.first_row(input, step.rows, batch), rows);
                let (set, place) = (self.set, self.place(output));
                self.each_row(output, rows, |row, _| rms_norm(set, place.of(row), weight, epsilon));
            }
            Operation::Linear { input, weight, output, accumulate } => {
                let adapted = self.adapter.and_then(|adapter| adapter.beside(weight.0));
                let weight = self.matrix(weight.0);
                let input_place = self.place(input);
                let first_row = self.first_row(input, step.rows, batch);
                let output_place = self.place(output);
                let mut target = std::mem::take(&mut self.buffers[output.buffer.0]);
                let source = &self.buffers[input.buffer.0][first_row * input_place.stride..];
                quantize(self.set, self.threads, source, input_place, rows, self.activations);
                multiply(
                    self.set,
                    self.threads,
                    source,
                    input_place,
                    self.activations,
                    weight,
                    &mut target,
                    output_place,
                    accumulate,
                    rows,
                );
                if let Some(adapted) = adapted {
                    let (set, threads) = (self.set, self.threads);
                    adapted.add(set, threads, source, input_place, self.reduced, &mut target, output_place, rows);
                }
                self.buffers[output.buffer.0] = target;
            }
            Operation::Rope { view, head_size, pairing, rope } => {
                let angles = &batch.angles[rope.0];
                let pairs = self.plan.ropes[rope.0].dimensions / 2;
                let place = self.place(view);
                self.each_row(view, rows, |row, index| {
                    rotate(place.of(row), head_size, pairing, &angles[index * pairs..][..pairs]);
                });
            }
            Operation::Store { key, value, cache } => {
                let held = &mut self.caches[cache];
                for (view, values) in [(key, &mut held.keys), (value, &mut held.values)] {
                    let place = place(self.plan, view);
                    let columns = place.columns;
                    for row in 0..rows {
                        let source = &self.buffers[view.buffer.0][row * place.stride + place.first_column..][..columns];
                        values[(batch.first_position + row) * columns..][..columns].copy_from_slice(source);
                    }
                }
            }
            Operation::Attention { query, query_heads, cache, scale, window, output } => {
                let plan_cache = self.plan.caches[cache];
                let head_size = plan_cache.head_size;
                let query_place = self.place(query);
                let mut target = std::mem::take(&mut self.buffers[output.buffer.0]);
                let queries = &self.buffers[query.buffer.0];
                let held = &self.caches[cache];
                let (set, first_position) = (self.set, batch.first_position);
                // One chunk per token and head: the output buffer is the attended heads, nothing else.
                self.threads.for_each_chunk(&mut target[..rows * output.columns], head_size, |index, output| {
                    let (row, head) = (index / query_heads, index % query_heads);
                    let start = row * query_place.stride + query_place.first_column + head * head_size;
                    let head_cache = |values| HeadCache {
                        values,
                        first_column: head / (query_heads / plan_cache.heads) * head_size,
                        stride: plan_cache.heads * head_size,
                    };
                    let end = first_position + row + 1;
                    let first = window.map_or(0, |window| end.saturating_sub(window));
                    let query = &queries[start..start + head_size];
                    attend(set, query, head_cache(&held.keys), head_cache(&held.values), first, end, scale, output);
                });
                self.buffers[output.buffer.0] = target;
            }
            Operation::Gate { gate: gate_view, up, activation, output } => {
                let up_place = self.place(up);
                let set = self.set;
                let place = self.place(output);
                self.copy(gate_view, output, 0, rows);
                if up.buffer == output.buffer {
                    // Gate and up lie side by side in one row: split it between them.
                    self.each_row(output, rows, |row, _| {
                        let (before, after) = row.split_at_mut(up_place.first_column.max(place.first_column));
                        let (output, up) = if up_place.first_column > place.first_column {
                            (&mut before[place.first_column..][..place.columns], &after[..up_place.columns])
                        } else {
                            (&mut after[..place.columns], &before[up_place.first_column..][..up_place.columns])
                        };
                        gate(set, output, up, activation);
                    });
                } else {
                    let ups = std::mem::take(&mut self.buffers[up.buffer.0]);
                    self.each_row(output, rows, |row, index| {
                        gate(set, place.of(row), up_place.row(&ups, index), activation)
                    });
                    self.buffers[up.buffer.0] = ups;
                }
            }
            Operation::Add { input, output } => {
                let (input_place, place) = (self.place(input), self.place(output));
                let added = std::mem::take(&mut self.buffers[input.buffer.0]);
                self.each_row(output, rows, |row, index| {
                    let added = input_place.row(&added, index);
                    place.of(row).iter_mut().zip(added).for_each(|(value, added)| *value += added);
                });
                self.buffers[input.buffer.0] = added;
            }
        }
    }

    fn matrix(&self, weight: usize) -> &'a CpuWeight {
        match &self.weights[weight] {
            LoadedWeight::Matrix(weight) => weight,
            LoadedWeight::Floats(_) => unreachable!("only norms are loaded as floats"),
        }
    }

    fn place(&self, view: View) -> Place {
        place(self.plan, view)
    }

    /// The first row that a step on `rows` reads of `view`.
    fn first_row(&self, view: View, rows: Rows, batch: &Batch<'_>) -> usize {
        match (self.plan.buffers[view.buffer.0].rows, rows) {
            (Rows::All, Rows::Logits) => batch.tokens.len() - batch.logit_rows,
            _ => 0,
        }
    }

    /// Calls `work(row of the view's buffer, index)` for each row.
    fn each_row(&mut self, view: View, rows: usize, work: impl Fn(&mut [f32], usize) + Sync + Send) {
        let stride = self.plan.buffers[view.buffer.0].columns;
        let buffer = &mut self.buffers[view.buffer.0][..rows * stride];
        if rows == 1 {
            return work(buffer, 0);
        }
        self.threads.for_each_chunk(buffer, stride, |index, row| work(row, index));
    }

    /// Copies rows of `from`, from `first_row` on, to `to`, where they are not the same view.
    fn copy(&mut self, from: View, to: View, first_row: usize, rows: usize) {
        if from == to {
            return;
        }
        let (from_place, to_place) = (self.place(from), self.place(to));
        let source = std::mem::take(&mut self.buffers[from.buffer.0]);
        for row in 0..rows {
            row_mut(&mut self.buffers[to.buffer.0], to_place, row)
                .copy_from_slice(from_place.row(&source, first_row + row));
        }
        self.buffers[from.buffer.0] = source;
    }

    /// A copy of a view's first `rows` rows. `[rows, view.columns]`
    fn rows_of(&self, view: View, rows: usize) -> Vec<f32> {
        let place = self.place(view);
        (0..rows).flat_map(|row| place.row(&self.buffers[view.buffer.0], row).iter().copied()).collect()
    }
}

fn place(plan: &Plan, view: View) -> Place {
    let stride = plan.buffers[view.buffer.0].columns;
    Place { stride, first_column: view.first_column, columns: view.columns }
}

fn row_mut(buffer: &mut [f32], place: Place, row: usize) -> &mut [f32] {
    &mut buffer[row * place.stride + place.first_column..][..place.columns]
}

impl Place {
    /// The view's part of one buffer row.
    fn of(self, row: &mut [f32]) -> &mut [f32] {
        &mut row[self.first_column..][..self.columns]
    }

    /// The view's part of row `index` of a buffer.
    fn row(self, buffer: &[f32], index: usize) -> &[f32] {
        &buffer[index * self.stride + self.first_column..][..self.columns]
    }
}
