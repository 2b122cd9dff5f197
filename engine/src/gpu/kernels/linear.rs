//! output = input * weight^T, or output += : one kernel for a single row, one for many.

use std::ops::Range;

use super::adapter::{Adapted, with_adapter};
use super::blocks::{ITEM_VALUES, with_weight};
use super::{Element, FloatView, VectorView, with_views};
use crate::gpu::call::{Call, Grid, Resource};
use crate::gpu::shader::Template;
use crate::plan::{Rows, Weight, WeightId};

/// Threads that a workgroup of the single-row kernel has at most.
const VECTOR_THREADS: usize = 64;

/// Threads of the many-row kernel.
const MATRIX_THREADS: usize = 64;

/// Input rows that a workgroup of the many-row kernel multiplies: each decoded weight is used so often.
const MATRIX_INPUT_ROWS: usize = 8;

/// One product.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Linear<'a> {
    pub(in crate::gpu) input: VectorView,
    pub(in crate::gpu) id: WeightId,
    pub(in crate::gpu) weight: &'a Weight,
    /// The rows that each shard of the weight holds.
    pub(in crate::gpu) shards: &'a [Range<usize>],
    pub(in crate::gpu) output: FloatView,
    pub(in crate::gpu) accumulate: bool,
    pub(in crate::gpu) rows: Rows,
    /// What an adapter adds.
    pub(in crate::gpu) adapted: Option<Adapted<'a>>,
}

/// For one input row, where reading the weights is all that takes time: a workgroup computes several output rows,
/// each by a few neighbouring threads that stride over its items together and add up their parts at the end.
pub(in crate::gpu) fn linear_vector(linear: Linear<'_>, rows_per_thread: usize) -> Vec<Call> {
    let items = linear.weight.columns / ITEM_VALUES;
    let lanes = lanes(items);
    let row_groups = VECTOR_THREADS / lanes;
    let each_row = |text: &str| (0..rows_per_thread).map(|row| text.replace('#', &row.to_string())).collect::<String>();
    let template = Template::new("linear_vector", include_str!("linear_vector.wgsl"))
        .constant("LANES", lanes)
        .constant("THREADS", lanes * row_groups)
        .constant("ROWS_PER_THREAD", rows_per_thread)
        .constant("GROUP_ROWS", row_groups * rows_per_thread)
        // Unrolled here, because naga does not, and an array indexed in a loop would live in memory.
        .insert("declare_sums", &each_row("var sum_# = 0.0;\n"))
        .insert(
            "multiply_rows",
            &each_row("sum_# += product(min(first_row + #u, HELD_ROWS - 1u), item, low, high, low_sum, high_sum);\n"),
        )
        .insert("keep_sums", &each_row("parts[(group * ROWS_PER_THREAD + #u) * LANES + lane] = sum_#;\n"));
    shard_calls(linear, template, |held_rows| {
        // `rows_per_group` covers all rows that this kernel is used for: one.
        Grid::Rows { x: held_rows.div_ceil(row_groups * rows_per_thread) as u32, rows_per_group: 1, rows: linear.rows }
    })
}

/// For many input rows: a thread decodes an item of a few weight rows once and multiplies each with every input row
/// of the workgroup's run. All threads of a workgroup read the same inputs, so these come from the cache, and there is
/// no barrier.
pub(in crate::gpu) fn linear_matrix(linear: Linear<'_>, rows_per_thread: usize) -> Vec<Call> {
    let each_weight = |text: &str| (0..rows_per_thread).map(|w| text.replace('@', &w.to_string())).collect::<String>();
    let each_input = |text: &str| (0..MATRIX_INPUT_ROWS).map(|i| text.replace('#', &i.to_string())).collect::<String>();
    let declare = each_input("let row_# = min(first_row + #u, row_count() - 1u);\n")
        + &each_weight("let weight_row_@ = first_weight_row + @u * THREADS;\n")
        + &each_input(&each_weight("var sum_@_# = 0.0;\n"));
    let decode = each_weight(
        "let item_@ = read_item(min(weight_row_@, HELD_ROWS - 1u), item);\n\
         let low_@ = scaled(item_@.low, item_@.scale.x, item_@.offset.x);\n\
         let high_@ = scaled(item_@.high, item_@.scale.y, item_@.offset.y);\n",
    );
    let multiply = each_input(&format!(
        "{{\nlet low = input_run(row_#, low_start(item));\nlet high = input_run(row_#, high_start(item));\n{}}}\n",
        each_weight("sum_@_# += dot16(low_@, low) + dot16(high_@, high);\n")
    ));
    let template = Template::new("linear_matrix", include_str!("linear_matrix.wgsl"))
        .constant("THREADS", MATRIX_THREADS)
        .constant("ROWS_PER_THREAD", rows_per_thread)
        .constant("INPUT_ROWS", MATRIX_INPUT_ROWS)
        .insert("declare_sums", &declare)
        .insert("decode_rows", &decode)
        .insert("multiply_rows", &multiply)
        .insert("keep_sums", &each_input(&each_weight("keep(first_row + #u, weight_row_@, sum_@_#);\n")));
    shard_calls(linear, template, |held_rows| Grid::Rows {
        x: held_rows.div_ceil(MATRIX_THREADS * rows_per_thread) as u32,
        rows_per_group: MATRIX_INPUT_ROWS as u32,
        rows: linear.rows,
    })
}

fn shard_calls(linear: Linear<'_>, template: Template, grid: impl Fn(usize) -> Grid) -> Vec<Call> {
    let Linear { input, id, weight, shards, output, accumulate, rows, adapted } = linear;
    let call = |(shard, held): (usize, &Range<usize>)| {
        let template = template
            .clone()
            .constant("FIRST_ROW", held.start)
            .constant("HELD_ROWS", held.len())
            .constant("OUTPUT_STRIDE", output.stride)
            .constant("OUTPUT_FIRST", output.first)
            .constant("ACCUMULATE", accumulate)
            .write("output", "f32", Resource::Activations(output.buffer));
        let template = with_adapter(template, id, adapted);
        let template = with_weight(template, id, shard, weight.block_type, weight.columns);
        with_views(template, rows, Element::Vector, "", &[("input", input)]).call(grid(held.len()))
    };
    shards.iter().enumerate().map(call).collect()
}

/// How many threads share an output row: few enough that they have several items each, and a divisor of the number
/// of items where there is one, so that none idles.
fn lanes(items: usize) -> usize {
    let most = items.min(16);
    (most / 2..=most).rev().find(|lanes| *lanes > 0 && items.is_multiple_of(*lanes)).unwrap_or(most)
}
