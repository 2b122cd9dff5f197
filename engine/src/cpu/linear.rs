//! Matrix products: quantized weights times quantized activations.

use super::activation::{ActivationGroup, Activations, GROUP, RowMut, UNIT, quantize_row};
use super::blocks::{Blocks, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
use super::lanes::{InstructionSet, Lanes, for_each_instruction_set};
use super::math;
use super::parallel::Threads;
use super::weight::CpuWeight;
use crate::quantization::BlockType;

/// Weight rows that stay in the first cache while all groups of a chunk pass over them.
const TILE_ROWS: usize = 16;

/// A matrix of activations that a product reads or writes: rows of `stride` values, of which `columns` from
/// `first_column` belong to it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) stride: usize,
    pub(super) first_column: usize,
    pub(super) columns: usize,
}

/// Quantizes `rows` rows of `input` into `activations`.
pub(super) fn quantize(
    set: InstructionSet,
    threads: &Threads,
    input: &[f32],
    place: Place,
    rows: usize,
    activations: &mut Activations,
) {
    let row = |index: usize| &input[index * place.stride + place.first_column..][..place.columns];
    activations.fill(threads, rows, place.columns, row, |values, row| quantize_into(set, values, row));
}

#[inline(always)]
fn quantize_body<L: Lanes>(values: &[f32], row: RowMut<'_>) {
    quantize_row(values, row);
}
for_each_instruction_set! {
    /// Quantizes one row.
    fn quantize_into(values: &[f32], row: RowMut<'_>) = quantize_body
}

/// output = input * weight^T, or output += where `accumulate`. `activations` is `input` quantized.
#[expect(clippy::too_many_arguments, reason = "the operands of a matrix product")]
pub(super) fn multiply(
    set: InstructionSet,
    threads: &Threads,
    input: &[f32],
    input_place: Place,
    activations: &Activations,
    weight: &CpuWeight,
    output: &mut [f32],
    output_place: Place,
    accumulate: bool,
    rows: usize,
) {
    if matches!(weight.block_type, BlockType::F32 | BlockType::F16) {
        return multiply_floats(threads, input, input_place, weight, output, output_place, accumulate, rows);
    }
    if rows == 1 {
        let output = &mut output[output_place.first_column..][..output_place.columns];
        // A few chunks per thread, so that a slow core holds nobody up.
        let chunk = output.len().div_ceil(4 * threads.count()).next_multiple_of(TILE_ROWS);
        threads.for_each_chunk(output, chunk, |index, output| {
            let first = index * chunk;
            for (first_row, blocks) in weight.runs(first..first + output.len()) {
                let run_rows = blocks.len() / weight.row_bytes();
                let output = &mut output[first_row - first..][..run_rows];
                let place = Place { stride: run_rows, first_column: 0, columns: run_rows };
                product(set, weight.block_type, blocks, activations, 0, output, place, accumulate);
            }
        });
        return;
    }
    let rows_per_thread = rows.div_ceil(threads.count()).next_multiple_of(GROUP);
    let output = &mut output[..rows * output_place.stride];
    threads.for_each_chunk(output, rows_per_thread * output_place.stride, |index, output| {
        for (first_row, blocks) in weight.runs(0..output_place.columns) {
            let columns = blocks.len() / weight.row_bytes();
            let first_column = output_place.first_column + first_row;
            let place = Place { stride: output_place.stride, first_column, columns };
            product(set, weight.block_type, blocks, activations, index * rows_per_thread, output, place, accumulate);
        }
    });
}

for_each_instruction_set! {
    /// The product of a run of weight rows with the activation rows from `first_token` on that `output` has room for.
    fn product(
        block_type: BlockType,
        blocks: &[u8],
        activations: &Activations,
        first_token: usize,
        output: &mut [f32],
        place: Place,
        accumulate: bool,
    ) = product_of_type
}

#[inline(always)]
fn product_of_type<L: Lanes>(
    block_type: BlockType,
    blocks: &[u8],
    activations: &Activations,
    first_token: usize,
    output: &mut [f32],
    place: Place,
    accumulate: bool,
) {
    match block_type {
        BlockType::Q4_0 => product_body::<L, Q4_0>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q4_1 => product_body::<L, Q4_1>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q5_0 => product_body::<L, Q5_0>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q5_1 => product_body::<L, Q5_1>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q8_0 => product_body::<L, Q8_0>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q4K => product_body::<L, Q4K>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q5K => product_body::<L, Q5K>(blocks, activations, first_token, output, place, accumulate),
        BlockType::Q6K => product_body::<L, Q6K>(blocks, activations, first_token, output, place, accumulate),
        BlockType::F32 | BlockType::F16 => unreachable!("floats have a product of their own"),
    }
}

#[inline(always)]
fn product_body<L: Lanes, B: Blocks>(
    blocks: &[u8],
    activations: &Activations,
    first_token: usize,
    output: &mut [f32],
    place: Place,
    accumulate: bool,
) {
    let row_bytes = activations.units() / B::UNITS * B::BYTES;
    if activations.group_rows() == 1 {
        let output = &mut output[place.first_column..][..place.columns];
        let group = activations.group(0);
        for (blocks, output) in blocks.chunks(4 * row_bytes).zip(output.chunks_mut(4)) {
            // Where fewer than four rows are left, the last one stands in for the missing.
            let row = |index: usize| &blocks[index.min(output.len() - 1) * row_bytes..][..row_bytes];
            let values = four_rows::<L, B>([row(0), row(1), row(2), row(3)], group);
            for (output, value) in output.iter_mut().zip(values) {
                put(output, value, accumulate);
            }
        }
        return;
    }
    for (tile, tile_blocks) in blocks.chunks(TILE_ROWS * row_bytes).enumerate() {
        for (group, output) in output.chunks_mut(GROUP * place.stride).enumerate() {
            let group = activations.group(first_token / GROUP + group);
            for (row, blocks) in tile_blocks.chunks_exact(row_bytes).enumerate() {
                let column = place.first_column + tile * TILE_ROWS + row;
                let values = four_tokens::<L, B>(blocks, group);
                for (output, value) in output.chunks_mut(place.stride).zip(values) {
                    put(&mut output[column], value, accumulate);
                }
            }
        }
    }
}

#[inline(always)]
fn put(output: &mut f32, value: f32, accumulate: bool) {
    *output = if accumulate { *output + value } else { value };
}

/// The dot products of four rows of weights with one row of activations.
#[inline(always)]
fn four_rows<L: Lanes, B: Blocks>(rows: [&[u8]; 4], activation: ActivationGroup<'_>) -> [f32; 4] {
    let mut sums = L::zero();
    let mut minimums = [0.0_f32; 4];
    let [a, b, c, d] = rows;
    for block in 0..a.len() / B::BYTES {
        let place = block * B::BYTES..(block + 1) * B::BYTES;
        let (a, b, c, d) = (&a[place.clone()], &b[place.clone()], &c[place.clone()], &d[place]);
        let units = block * B::UNITS..(block + 1) * B::UNITS;
        let (scales, activation_sums) = (&activation.scales[units.clone()], &activation.sums[units]);
        let words = &activation.words[block * B::UNITS * UNIT..][..B::UNITS * UNIT];
        for index in 0..B::UNITS {
            let words = &words[index * UNIT..][..UNIT];
            // Written out and in this order: `array::map` is not always inlined, and four decoded units at once are
            // more than the registers hold.
            let unit_a = B::unit::<L>(a, index);
            let dots_a = L::dots(unit_a.words, words);
            let unit_b = B::unit::<L>(b, index);
            let dots_b = L::dots(unit_b.words, words);
            let unit_c = B::unit::<L>(c, index);
            let dots_c = L::dots(unit_c.words, words);
            let unit_d = B::unit::<L>(d, index);
            let dots_d = L::dots(unit_d.words, words);
            let dots = [dots_a, dots_b, dots_c, dots_d];
            let [a, b, c, d] = [
                (unit_a.scale, unit_a.minimum),
                (unit_b.scale, unit_b.minimum),
                (unit_c.scale, unit_c.minimum),
                (unit_d.scale, unit_d.minimum),
            ];
            let scale = scales[index];
            sums = L::add_scaled(sums, dots, [a.0 * scale, b.0 * scale, c.0 * scale, d.0 * scale]);
            if B::HAS_MINIMUM {
                let sum = activation_sums[index];
                minimums[0] += a.1 * sum;
                minimums[1] += b.1 * sum;
                minimums[2] += c.1 * sum;
                minimums[3] += d.1 * sum;
            }
        }
    }
    let [a, b, c, d] = L::totals(sums);
    [a + minimums[0], b + minimums[1], c + minimums[2], d + minimums[3]]
}

/// The dot products of one row of weights with four rows of activations.
#[inline(always)]
fn four_tokens<L: Lanes, B: Blocks>(row: &[u8], activations: ActivationGroup<'_>) -> [f32; 4] {
    let mut sums = L::zero();
    let mut minimums = [0.0_f32; 4];
    let words = activations.words.chunks_exact(B::UNITS * GROUP * UNIT);
    let scales = activations.scales.chunks_exact(B::UNITS * GROUP);
    let activation_sums = activations.sums.chunks_exact(B::UNITS * GROUP);
    for (((block, words), scales), activation_sums) in
        row.chunks_exact(B::BYTES).zip(words).zip(scales).zip(activation_sums)
    {
        for index in 0..B::UNITS {
            let unit = B::unit::<L>(block, index);
            let words = &words[index * GROUP * UNIT..][..GROUP * UNIT];
            let dots = [
                L::dots(unit.words, &words[..UNIT]),
                L::dots(unit.words, &words[UNIT..]),
                L::dots(unit.words, &words[2 * UNIT..]),
                L::dots(unit.words, &words[3 * UNIT..]),
            ];
            let [s, t, u, v] = four(scales, index);
            let scale = unit.scale;
            sums = L::add_scaled(sums, dots, [scale * s, scale * t, scale * u, scale * v]);
            if B::HAS_MINIMUM {
                let [s, t, u, v] = four(activation_sums, index);
                minimums[0] += unit.minimum * s;
                minimums[1] += unit.minimum * t;
                minimums[2] += unit.minimum * u;
                minimums[3] += unit.minimum * v;
            }
        }
    }
    let [a, b, c, d] = L::totals(sums);
    [a + minimums[0], b + minimums[1], c + minimums[2], d + minimums[3]]
}

/// The `index`-th four values.
#[inline(always)]
fn four(values: &[f32], index: usize) -> [f32; 4] {
    let values = &values[4 * index..][..4];
    [values[0], values[1], values[2], values[3]]
}

/// The product for weights that are floats: they are few (norms aside) in the files we see, so plain code serves.
fn multiply_floats(
    threads: &Threads,
    input: &[f32],
    input_place: Place,
    weight: &CpuWeight,
    output: &mut [f32],
    output_place: Place,
    accumulate: bool,
    rows: usize,
) {
    let input_row =
        |index: usize| &input[index * input_place.stride + input_place.first_column..][..input_place.columns];
    let one = |row: usize, scratch: &mut Vec<f32>, token: usize| {
        weight.block_type.dequantize(weight.row(row), scratch);
        math::dot(scratch, input_row(token))
    };
    if rows == 1 {
        let output = &mut output[output_place.first_column..][..output_place.columns];
        let chunk = output.len().div_ceil(4 * threads.count());
        threads.for_each_chunk(output, chunk, |index, output| {
            let mut scratch = vec![0.0; weight.columns];
            for (offset, output) in output.iter_mut().enumerate() {
                put(output, one(index * chunk + offset, &mut scratch, 0), accumulate);
            }
        });
        return;
    }
    let rows_per_thread = rows.div_ceil(threads.count());
    let output = &mut output[..rows * output_place.stride];
    threads.for_each_chunk(output, rows_per_thread * output_place.stride, |index, output| {
        let mut scratch = vec![0.0; weight.columns];
        for row in 0..output_place.columns {
            weight.block_type.dequantize(weight.row(row), &mut scratch);
            for (offset, output) in output.chunks_exact_mut(output_place.stride).enumerate() {
                let value = math::dot(&scratch, input_row(index * rows_per_thread + offset));
                put(&mut output[output_place.first_column + row], value, accumulate);
            }
        }
    });
}
