//! Turns a plan into calls: which kernels run for each step, as plain data that needs no GPU.

use std::ops::Range;

use super::call::Call;
use super::kernels::{self, Adapted, Attention, FloatView, ITEM_VALUES, Linear, VectorView};
use super::weights::{shards, stored_as};
use crate::adapter::Placement;
use crate::error::EngineError;
use crate::plan::{Operation, Plan, Rows, View, WeightId};

/// A plan's calls.
#[derive(Debug, Default)]
pub struct Recording {
    /// All calls; steps name ranges of them.
    pub calls: Vec<Call>,
    /// The plan's steps in order.
    pub steps: Vec<RecordedStep>,
    /// The calls that choose the most probable next token.
    pub greedy: Range<usize>,
    /// The calls that draw the next token.
    pub drawn: Range<usize>,
}

/// The calls of one step.
#[derive(Debug)]
pub struct RecordedStep {
    /// The step's name.
    pub name: String,
    /// Which rows it works on.
    pub rows: Rows,
    /// Where it leaves its result, if in a buffer.
    pub output: Option<View>,
    /// What runs for a single row.
    pub one_row: Range<usize>,
    /// What runs for several.
    pub many_rows: Range<usize>,
}

/// Choices that change speed, not results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Output rows that one thread of the single-row product computes side by side.
    pub vector_rows_per_thread: usize,
    /// Weight rows that one thread of the many-row product decodes side by side.
    pub matrix_rows_per_thread: usize,
    /// Positions that are not worth another workgroup of attention.
    pub least_positions_per_split: usize,
}

impl Tuning {
    /// For a GPU of silicon, where registers are few and threads many.
    pub const HARDWARE: Self =
        Self { vector_rows_per_thread: 4, matrix_rows_per_thread: 1, least_positions_per_split: 64 };

    /// For a GPU that is computed by the CPU: each read of a buffer is dear there, registers are not, and splitting
    /// buys nothing beyond its few cores.
    pub const SOFTWARE: Self =
        Self { vector_rows_per_thread: 8, matrix_rows_per_thread: 4, least_positions_per_split: 512 };
}

/// Head groups whose queries a workgroup can hold; WebGPU promises 16 KiB.
const ATTENTION_WORKGROUP_BYTES: usize = 16 << 10;

/// Records `plan`.
///
/// # Errors
/// A size that the kernels can't do.
pub fn record(plan: &Plan, tuning: Tuning) -> Result<Recording, EngineError> {
    record_with(plan, tuning, None)
}

/// Records `plan` with an adapter beside its weights.
///
/// # Errors
/// A size that the kernels can't do.
pub fn record_adapted(plan: &Plan, tuning: Tuning, adapter: &Placement) -> Result<Recording, EngineError> {
    record_with(plan, tuning, Some(adapter))
}

fn record_with(plan: &Plan, tuning: Tuning, adapter: Option<&Placement>) -> Result<Recording, EngineError> {
    let mut recording = Recording::default();
    for step in &plan.steps {
        let (one, many) = step_calls(plan, &step.operation, step.rows, tuning, adapter)?;
        let one_row = recording.append(one);
        let many_rows = many.map_or_else(|| one_row.clone(), |calls| recording.append(calls));
        let output = step.operation.output();
        recording.steps.push(RecordedStep { name: step.name.clone(), rows: step.rows, output, one_row, many_rows });
    }
    recording.greedy = recording.append(kernels::sample(plan.logits.buffer, plan.vocabulary_size, true));
    recording.drawn = recording.append(kernels::sample(plan.logits.buffer, plan.vocabulary_size, false));
    Ok(recording)
}

impl Recording {
    fn append(&mut self, calls: Vec<Call>) -> Range<usize> {
        let start = self.calls.len();
        self.calls.extend(calls);
        start..self.calls.len()
    }
}

/// The calls for a single row, and those for several where they differ.
fn step_calls(
    plan: &Plan,
    operation: &Operation,
    rows: Rows,
    tuning: Tuning,
    adapter: Option<&Placement>,
) -> Result<(Vec<Call>, Option<Vec<Call>>), EngineError> {
    let vectors = |view: View| vector_view(plan, view);
    Ok(match *operation {
        Operation::Embed { table, scale, output } => {
            let weight = &plan.weights[table.0];
            check_items(plan, table)?;
            (kernels::embed(table, weight, &shards(weight, weight.block_type), scale, vectors(output)?), None)
        }
        Operation::RmsNorm { input, weight, epsilon, group_columns, output } => {
            let group = whole_vectors(group_columns)?;
            (vec![kernels::rms_norm(vectors(input)?, weight, epsilon, group, vectors(output)?, rows)], None)
        }
        Operation::Linear { input, weight: id, output, accumulate } => {
            check_items(plan, id)?;
            let weight = &plan.weights[id.0];
            let shards = shards(weight, stored_as(plan, id));
            let (input, output) = (vectors(input)?, float_view(plan, output));
            let parts = adapter.map_or(&[][..], |adapter| &adapter.weights[id.0]);
            let adapted = adapter.filter(|_| !parts.is_empty()).map(|adapter| Adapted { rank: adapter.rank, parts });
            let linear = Linear { input, id, weight, shards: &shards, output, accumulate, rows, adapted };
            let reduce = adapted.map(|adapted| kernels::reduce(input, id, adapted.width(), rows));
            let with_reduce = |calls: Vec<Call>| reduce.clone().into_iter().chain(calls).collect();
            (
                with_reduce(kernels::linear_vector(linear, tuning.vector_rows_per_thread)),
                Some(with_reduce(kernels::linear_matrix(linear, tuning.matrix_rows_per_thread))),
            )
        }
        Operation::Rope { view, head_size, pairing, rope } => {
            let heads = view.columns / head_size;
            (vec![kernels::rope(vectors(view)?, heads, plan.ropes[rope.0].dimensions, pairing, rope, rows)], None)
        }
        Operation::Store { key, value, cache } => (vec![kernels::store(vectors(key)?, vectors(value)?, cache)], None),
        Operation::Attention { query, query_heads, cache, scale, window, output } => {
            let held = plan.caches[cache];
            let attention = Attention {
                query: vectors(query)?,
                query_heads,
                key_value_heads: held.heads,
                head_size: whole_vectors(held.head_size)? * 4,
                cache,
                scale,
                window,
                output: vectors(output)?,
            };
            if attention.workgroup_bytes() > ATTENTION_WORKGROUP_BYTES {
                return Err(unsupported(format!(
                    "{} query heads of {} values share a key-value head",
                    query_heads / held.heads,
                    held.head_size
                )));
            }
            let split = kernels::attention(attention, tuning.least_positions_per_split);
            (split, Some(kernels::attention(attention, 0)))
        }
        Operation::Gate { gate, up, activation, output } => {
            (vec![kernels::gate(vectors(gate)?, vectors(up)?, activation, vectors(output)?, rows)], None)
        }
        Operation::Add { input, output } => (vec![kernels::add(vectors(input)?, vectors(output)?, rows)], None),
    })
}

fn vector_view(plan: &Plan, view: View) -> Result<VectorView, EngineError> {
    let buffer = &plan.buffers[view.buffer.0];
    Ok(VectorView {
        buffer: view.buffer,
        stride: whole_vectors(buffer.columns)?,
        first: whole_vectors(view.first_column)?,
        columns: whole_vectors(view.columns)?,
        rows: buffer.rows,
    })
}

fn float_view(plan: &Plan, view: View) -> FloatView {
    FloatView { buffer: view.buffer, stride: plan.buffers[view.buffer.0].columns, first: view.first_column }
}

fn whole_vectors(columns: usize) -> Result<usize, EngineError> {
    if columns.is_multiple_of(4) {
        Ok(columns / 4)
    } else {
        Err(unsupported(format!("{columns} values are no multiple of 4")))
    }
}

fn check_items(plan: &Plan, id: WeightId) -> Result<(), EngineError> {
    let columns = plan.weights[id.0].columns;
    if columns.is_multiple_of(ITEM_VALUES) {
        Ok(())
    } else {
        Err(unsupported(format!("its matrices have rows of {columns} values, no multiple of {ITEM_VALUES}")))
    }
}

fn unsupported(what: String) -> EngineError {
    EngineError::NoGpu(format!("the kernels can't run this model: {what}"))
}
