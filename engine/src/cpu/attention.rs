//! Causal attention of one query head over the cache, with an online softmax (Milakov & Gimelshein 2018).

use super::lanes::{Lanes, for_each_instruction_set};
use super::math;

/// Positions whose scores are computed before the running maximum moves.
const BLOCK: usize = 64;

/// Keys or values of one key-value head: positions lie `stride` values apart.
#[derive(Clone, Copy)]
pub(super) struct HeadCache<'a> {
    pub(super) values: &'a [f32],
    pub(super) first_column: usize,
    pub(super) stride: usize,
}

impl HeadCache<'_> {
    #[inline(always)]
    fn at(&self, position: usize, head_size: usize) -> &[f32] {
        &self.values[position * self.stride + self.first_column..][..head_size]
    }
}

for_each_instruction_set! {
    /// output = softmax(scale * query . keys) . values over positions `first..end`.
    fn attend(
        query: &[f32],
        keys: HeadCache<'_>,
        values: HeadCache<'_>,
        first: usize,
        end: usize,
        scale: f32,
        output: &mut [f32],
    ) = attend_body
}

#[inline(always)]
fn attend_body<L: Lanes>(
    query: &[f32],
    keys: HeadCache<'_>,
    values: HeadCache<'_>,
    first: usize,
    end: usize,
    scale: f32,
    output: &mut [f32],
) {
    let head_size = query.len();
    output.fill(0.0);
    let mut largest = f32::NEG_INFINITY;
    let mut total = 0.0;
    let mut start = first;
    while start < end {
        let count = BLOCK.min(end - start);
        let mut scores = [f32::NEG_INFINITY; BLOCK];
        for (offset, score) in scores[..count].iter_mut().enumerate() {
            *score = scale * math::dot(query, keys.at(start + offset, head_size));
        }
        let block_largest = scores[..count].iter().copied().fold(largest, f32::max);
        if block_largest > largest {
            // Also true for the first block, whose correction is exp(-inf) = 0 times nothing.
            let correction = if largest == f32::NEG_INFINITY { 0.0 } else { math::exp(largest - block_largest) };
            total *= correction;
            output.iter_mut().for_each(|value| *value *= correction);
            largest = block_largest;
        }
        for score in &mut scores {
            *score = math::exp(*score - largest);
        }
        for (offset, &weight) in scores[..count].iter().enumerate() {
            total += weight;
            for (output, value) in output.iter_mut().zip(values.at(start + offset, head_size)) {
                *output += weight * value;
            }
        }
        start += count;
    }
    output.iter_mut().for_each(|value| *value /= total);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::lanes::InstructionSet;

    #[test]
    fn attention_is_a_softmax_of_scores_over_the_window() {
        let (head_size, stride, length) = (8, 20, 150);
        let wave =
            |seed: usize| (0..length * stride).map(|i| ((i * seed) as f32 * 0.071).sin() * 2.0).collect::<Vec<_>>();
        let (keys, values) = (wave(3), wave(7));
        let query: Vec<f32> = (0..head_size).map(|i| 1.0 - i as f32 * 0.3).collect();
        let cache = |values| HeadCache { values, first_column: 4, stride };
        for (first, end) in [(0, 1), (0, 64), (0, 65), (37, 150)] {
            let mut output = vec![9.0; head_size];
            attend(InstructionSet::detect(), &query, cache(&keys), cache(&values), first, end, 0.5, &mut output);
            let weights: Vec<f64> = (first..end)
                .map(|p| (0..head_size).map(|i| f64::from(query[i] * keys[p * stride + 4 + i])).sum::<f64>() * 0.5)
                .map(f64::exp)
                .collect();
            let total: f64 = weights.iter().sum();
            for (i, output) in output.iter().enumerate() {
                let sum: f64 =
                    weights.iter().zip(first..end).map(|(w, p)| w * f64::from(values[p * stride + 4 + i])).sum();
                assert!((f64::from(*output) - sum / total).abs() < 1e-5, "positions {first}..{end}, value {i}");
            }
        }
    }
}
