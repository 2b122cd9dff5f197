//! What an adapter adds to a product: y += (x A^T) B^T, in 32-bit floats.

use super::lanes::{InstructionSet, Lanes, for_each_instruction_set};
use super::linear::Place;
use super::math;
use super::parallel::Threads;
use crate::adapter::{LoraAdapter, Placement};

/// Multiplications that are worth another thread's while.
const LEAST_PER_THREAD: usize = 16 << 10;

/// An adapter beside the weights of a plan.
pub(crate) struct CpuAdapter {
    /// By weight.
    weights: Vec<Option<AdaptedWeight>>,
}

/// What stands beside one weight.
pub(super) struct AdaptedWeight {
    columns: usize,
    rank: usize,
    /// Of all parts. `[parts * rank, columns]`
    a: Vec<f32>,
    parts: Vec<Part>,
}

struct Part {
    first_row: usize,
    rows: usize,
    /// By columns, so that a run of outputs is a run of memory. `[rank, rows]`
    b: Vec<f32>,
}

impl CpuAdapter {
    /// Lays an adapter out.
    pub(super) fn new(adapter: &LoraAdapter, placement: &Placement) -> Self {
        let rank = placement.rank;
        let weights = placement.weights.iter().enumerate().map(|(weight, places)| {
            let columns = adapter.matrices[places.first()?.matrix].columns;
            let parts = places.iter().map(|place| {
                let by_rows = placement.scaled_b(adapter, place);
                let b = (0..rank).flat_map(|column| by_rows.iter().skip(column).step_by(rank).copied());
                Part { first_row: place.rows.start, rows: place.rows.len(), b: b.collect() }
            });
            let parts = parts.collect();
            Some(AdaptedWeight { columns, rank, a: placement.stacked_a(adapter, weight), parts })
        });
        Self { weights: weights.collect() }
    }

    /// What stands beside a weight, if anything does.
    pub(super) fn beside(&self, weight: usize) -> Option<&AdaptedWeight> {
        self.weights[weight].as_ref()
    }

    /// Bytes held.
    pub(super) fn size_bytes(&self) -> u64 {
        let floats =
            |weight: &AdaptedWeight| weight.a.len() + weight.parts.iter().map(|part| part.b.len()).sum::<usize>();
        self.weights.iter().flatten().map(floats).sum::<usize>() as u64 * 4
    }
}

impl AdaptedWeight {
    /// Adds to `output` what this makes of `rows` rows of `input`. `reduced` is scratch, grown where it is too small.
    #[expect(clippy::too_many_arguments, reason = "the operands of a matrix product")]
    pub(super) fn add(
        &self,
        set: InstructionSet,
        threads: &Threads,
        input: &[f32],
        input_place: Place,
        reduced: &mut Vec<f32>,
        output: &mut [f32],
        output_place: Place,
        rows: usize,
    ) {
        let (rank, width) = (self.rank, self.rank * self.parts.len());
        if reduced.len() < rows * width {
            reduced.resize(rows * width, 0.0);
        }
        let reduced = &mut reduced[..rows * width];
        let input_row =
            |index: usize| &input[index * input_place.stride + input_place.first_column..][..input_place.columns];
        if rows == 1 {
            let chunk = share(threads, width, self.columns);
            threads.for_each_chunk(reduced, chunk, |index, reduced| {
                reduce(set, input_row(0), &self.a[index * chunk * self.columns..], reduced);
            });
            for (part, reduced) in self.parts.iter().zip(reduced.chunks_exact(rank)) {
                let output = &mut output[output_place.first_column + part.first_row..][..part.rows];
                let chunk = share(threads, part.rows, rank);
                threads.for_each_chunk(output, chunk, |index, output| {
                    expand(set, reduced, &part.b[index * chunk..], part.rows, output);
                });
            }
            return;
        }
        let rows_per_thread = rows.div_ceil(threads.count());
        threads.for_each_chunk(reduced, rows_per_thread * width, |index, reduced| {
            for (offset, reduced) in reduced.chunks_exact_mut(width).enumerate() {
                reduce(set, input_row(index * rows_per_thread + offset), &self.a, reduced);
            }
        });
        let output = &mut output[..rows * output_place.stride];
        threads.for_each_chunk(output, rows_per_thread * output_place.stride, |index, output| {
            for (offset, output) in output.chunks_exact_mut(output_place.stride).enumerate() {
                let reduced = &reduced[(index * rows_per_thread + offset) * width..][..width];
                for (part, reduced) in self.parts.iter().zip(reduced.chunks_exact(rank)) {
                    let output = &mut output[output_place.first_column + part.first_row..][..part.rows];
                    expand(set, reduced, &part.b, part.rows, output);
                }
            }
        });
    }
}

/// How many of `count` results, each of so many multiplications, one thread computes at a time.
fn share(threads: &Threads, count: usize, multiplications: usize) -> usize {
    count.div_ceil(threads.count()).max(LEAST_PER_THREAD / multiplications.max(1)).max(1)
}

for_each_instruction_set! {
    /// reduced = A * input, for as many rows of A as there is room for.
    fn reduce(input: &[f32], a: &[f32], reduced: &mut [f32]) = reduce_body
}

#[inline(always)]
fn reduce_body<L: Lanes>(input: &[f32], a: &[f32], reduced: &mut [f32]) {
    for (reduced, row) in reduced.iter_mut().zip(a.chunks_exact(input.len())) {
        *reduced = math::dot(input, row);
    }
}

for_each_instruction_set! {
    /// output += B * reduced, where the columns of B are `stride` values apart. The rank is a multiple of four.
    fn expand(reduced: &[f32], b: &[f32], stride: usize, output: &mut [f32]) = expand_body
}

#[inline(always)]
fn expand_body<L: Lanes>(reduced: &[f32], b: &[f32], stride: usize, output: &mut [f32]) {
    for (group, reduced) in reduced.chunks_exact(4).enumerate() {
        let column = |index: usize| &b[(4 * group + index) * stride..][..output.len()];
        let (first, second, third, fourth) = (column(0), column(1), column(2), column(3));
        for ((((output, first), second), third), fourth) in
            output.iter_mut().zip(first).zip(second).zip(third).zip(fourth)
        {
            *output += (reduced[0] * first + reduced[1] * second) + (reduced[2] * third + reduced[3] * fourth);
        }
    }
}
