//! Matrix products: quantized weights times quantized activations.

use super::activation::{ActivationRow, Activations, UNIT, quantize_row};
use super::blocks::{Blocks, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
use super::lanes::{InstructionSet, Lanes, for_each_instruction_set};
use super::math;
use super::parallel::Threads;
use super::weight::CpuWeight;
use crate::quantization::BlockType;

/// Tokens that share one decoding of the weights.
const GROUP: usize = 4;
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
    activations.resize(rows, place.columns);
    let units = activations.units;
    let row_of = |index: usize| &input[index * place.stride + place.first_column..][..place.columns];
    if rows == 1 {
        return quantize_into(set, row_of(0), &mut activations.words, &mut activations.scales);
    }
    // Scales first seen as pairs with their words, so that threads get both.
    let Activations { words, scales, .. } = activations;
    let mut pairs: Vec<_> = words.chunks_mut(units * UNIT).zip(scales.chunks_mut(units)).collect();
    threads.for_each_chunk(&mut pairs, rows.div_ceil(threads.count()), |chunk, pairs| {
        for (offset, (words, scales)) in pairs.iter_mut().enumerate() {
            quantize_into(set, row_of(chunk * rows.div_ceil(threads.count()) + offset), words, scales);
        }
    });
}

#[inline(always)]
fn quantize_body<L: Lanes>(values: &[f32], words: &mut [i16], scales: &mut [[f32; 2]]) {
    quantize_row(values, words, scales);
}
for_each_instruction_set! {
    /// Quantizes one row.
    fn quantize_into(values: &[f32], words: &mut [i16], scales: &mut [[f32; 2]]) = quantize_body
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
    let row_bytes = activations.units / B::UNITS * B::BYTES;
    let tokens = output.len() / place.stride;
    for (tile, tile_blocks) in blocks.chunks(TILE_ROWS * row_bytes).enumerate() {
        let mut token = 0;
        while token + GROUP <= tokens {
            let rows: [_; GROUP] = std::array::from_fn(|index| activations.row(first_token + token + index));
            for (row, blocks) in tile_blocks.chunks_exact(row_bytes).enumerate() {
                let column = place.first_column + tile * TILE_ROWS + row;
                for (index, value) in dot::<L, B, GROUP>(blocks, &rows).into_iter().enumerate() {
                    put(&mut output[(token + index) * place.stride + column], value, accumulate);
                }
            }
            token += GROUP;
        }
        while token < tokens {
            let rows = [activations.row(first_token + token)];
            for (row, blocks) in tile_blocks.chunks_exact(row_bytes).enumerate() {
                let column = place.first_column + tile * TILE_ROWS + row;
                let [value] = dot::<L, B, 1>(blocks, &rows);
                put(&mut output[token * place.stride + column], value, accumulate);
            }
            token += 1;
        }
    }
}

#[inline(always)]
fn put(output: &mut f32, value: f32, accumulate: bool) {
    *output = if accumulate { *output + value } else { value };
}

/// The dot products of one row of weights with `N` rows of activations.
#[inline(always)]
fn dot<L: Lanes, B: Blocks, const N: usize>(blocks: &[u8], rows: &[ActivationRow<'_>; N]) -> [f32; N] {
    let mut sums = [L::zero(); N];
    let mut minimums = [0.0_f32; N];
    for (block_index, block) in blocks.chunks_exact(B::BYTES).enumerate() {
        for unit_index in 0..B::UNITS {
            let unit = B::unit::<L>(block, unit_index);
            let place = block_index * B::UNITS + unit_index;
            for index in 0..N {
                let [scale, sum] = rows[index].scales[place];
                let words = &rows[index].words[place * UNIT..][..UNIT];
                sums[index] = L::dot_add(sums[index], unit.words, words, unit.scale * scale);
                if B::HAS_MINIMUM {
                    minimums[index] += unit.minimum * sum;
                }
            }
        }
    }
    std::array::from_fn(|index| L::total(sums[index]) + minimums[index])
}

/// The product for weights that are floats: they are few (norms aside) in the files we see, so plain code serves.
#[expect(clippy::too_many_arguments, reason = "the operands of a matrix product")]
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
    let input_row = |index: usize| &input[index * input_place.stride + input_place.first_column..][..input_place.columns];
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
