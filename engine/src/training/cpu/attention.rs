//! Causal attention within each sequence, and its derivative. Scores are computed for some queries at a time and again on the
//! way back (Dao et al. 2022), so memory grows with the tokens and not with their square.

use std::ops::Range;

use rayon::prelude::*;

use super::super::program::Heads;
use super::matrix::{By, Matrix, MatrixMut, Onto, multiply};
use super::rows::RowsOf;
use crate::cpu::lanes::{InstructionSet, Lanes, for_each_instruction_set};
use crate::cpu::math;

/// Queries whose scores are held at once.
const TILE: usize = 64;

/// What attention reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs<'a> {
    pub(super) query: RowsOf<'a>,
    pub(super) key: RowsOf<'a>,
    pub(super) value: RowsOf<'a>,
    pub(super) heads: Heads,
    pub(super) sequences: &'a [Range<usize>],
}

/// A query head of a sequence: the work of one thread.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) head: usize,
    pub(super) tokens: Range<usize>,
}

/// Some queries of a task, and the keys that they see.
struct Tile {
    queries: Range<usize>,
    keys: Range<usize>,
}

impl<'a> Inputs<'a> {
    fn tasks(&self) -> Vec<Task> {
        let of = |tokens: &Range<usize>| {
            let tokens = tokens.clone();
            (0..self.heads.query).map(move |head| Task { head, tokens: tokens.clone() })
        };
        self.sequences.iter().flat_map(of).collect()
    }

    fn matrix(&self, of: RowsOf<'a>, head: usize, rows: &Range<usize>) -> Matrix<'a> {
        let first_column = of.slot.first_column + head * self.heads.size + rows.start * of.stride;
        Matrix::new(of.values, rows.len(), self.heads.size, first_column, of.stride)
    }

    /// The key-value head of a query head.
    fn key_head(&self, head: usize) -> usize {
        head / (self.heads.query / self.heads.key_value)
    }

    fn tiles(&self, tokens: &Range<usize>) -> impl Iterator<Item = Tile> + use<> {
        let (tokens, window) = (tokens.clone(), self.heads.window);
        tokens.clone().step_by(TILE).map(move |start| {
            let end = tokens.end.min(start + TILE);
            let first_key = window.map_or(tokens.start, |window| tokens.start.max((start + 1).saturating_sub(window)));
            Tile { queries: start..end, keys: first_key..end }
        })
    }

    /// scale * query . key; what a query does not see is minus infinity.
    fn scores(&self, head: usize, tile: &Tile, scores: &mut Vec<f32>) {
        let keys = tile.keys.len();
        scores.resize(tile.queries.len() * keys, 0.0);
        let (query, key) = (
            self.matrix(self.query, head, &tile.queries),
            self.matrix(self.key, self.key_head(head), &tile.keys).transposed(),
        );
        multiply(MatrixMut::whole(scores, keys), Onto::Nothing, self.heads.scale, query, key, By::OneThread);
        for (token, row) in tile.queries.clone().zip(scores.chunks_exact_mut(keys)) {
            let end = token + 1 - tile.keys.start;
            row[end..].fill(f32::NEG_INFINITY);
            if let Some(window) = self.heads.window {
                let hidden = (token + 1).saturating_sub(window).saturating_sub(tile.keys.start);
                row[..hidden.min(end)].fill(f32::NEG_INFINITY);
            }
        }
    }
}

for_each_instruction_set! {
    /// Turns scores into their softmax; `log_sum` is the logarithm of the sum of their exponentials.
    fn softmax(scores: &mut [f32], log_sum: &mut f32) = softmax_body
}

#[inline(always)]
fn softmax_body<L: Lanes>(scores: &mut [f32], log_sum: &mut f32) {
    let largest = largest(scores);
    let mut sums = [0.0_f32; 16];
    let mut chunks = scores.chunks_exact_mut(16);
    for chunk in &mut chunks {
        for lane in 0..16 {
            chunk[lane] = exp_or_zero(chunk[lane] - largest);
            sums[lane] += chunk[lane];
        }
    }
    let mut total = 0.0;
    for score in chunks.into_remainder() {
        *score = exp_or_zero(*score - largest);
        total += *score;
    }
    total += sums.iter().sum::<f32>();
    let inverse = 1.0 / total;
    scores.iter_mut().for_each(|score| *score *= inverse);
    *log_sum = largest + total.ln();
}

/// The largest of all, which are not none.
#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..16 {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    lanes.into_iter().fold(rest, f32::max)
}

/// [`math::exp`] gives a tiny number for minus infinity; what is not seen counts nothing at all.
#[inline(always)]
fn exp_or_zero(score: f32) -> f32 {
    if score < -87.0 { 0.0 } else { math::exp(score) }
}

for_each_instruction_set! {
    /// Probabilities, `exp(score - log_sum)`, in the place of scores.
    fn probabilities(scores: &mut [f32], log_sum: f32) = probabilities_body
}

#[inline(always)]
fn probabilities_body<L: Lanes>(scores: &mut [f32], log_sum: f32) {
    scores.iter_mut().for_each(|score| *score = exp_or_zero(*score - log_sum));
}

for_each_instruction_set! {
    /// Turns the derivatives by probabilities into those by scores.
    fn softmax_back(gradients: &mut [f32], probabilities: &[f32], mean: f32) = softmax_back_body
}

#[inline(always)]
fn softmax_back_body<L: Lanes>(gradients: &mut [f32], probabilities: &[f32], mean: f32) {
    for (gradient, probability) in gradients.iter_mut().zip(probabilities) {
        *gradient = probability * (*gradient - mean);
    }
}

/// What a task computed forwards: `[tokens, head size]` and `[tokens]`.
pub(super) struct Attended {
    pub(super) task: Task,
    pub(super) output: Vec<f32>,
    pub(super) log_sums: Vec<f32>,
}

/// softmax(scale * query . keys) . values for each query head of each sequence.
pub(super) fn attend(set: InstructionSet, inputs: &Inputs<'_>) -> Vec<Attended> {
    let size = inputs.heads.size;
    let run = |task: Task| {
        let mut output = vec![0.0; task.tokens.len() * size];
        let mut log_sums = vec![0.0; task.tokens.len()];
        let mut scores = Vec::new();
        for tile in inputs.tiles(&task.tokens) {
            inputs.scores(task.head, &tile, &mut scores);
            let first = tile.queries.start - task.tokens.start;
            let keys = tile.keys.len();
            for (row, log_sum) in scores.chunks_exact_mut(keys).zip(&mut log_sums[first..]) {
                softmax(set, row, log_sum);
            }
            let target = &mut output[first * size..][..tile.queries.len() * size];
            let value = inputs.matrix(inputs.value, inputs.key_head(task.head), &tile.keys);
            let weights = Matrix::whole(&scores, keys);
            multiply(MatrixMut::whole(target, size), Onto::Nothing, 1.0, weights, value, By::OneThread);
        }
        Attended { task, output, log_sums }
    };
    inputs.tasks().into_par_iter().map(run).collect()
}

/// The derivatives that a task computed, `[tokens, head size]` each.
pub(super) struct WentBack {
    pub(super) task: Task,
    /// The key-value head that the derivatives by key and value belong to.
    pub(super) key_head: usize,
    pub(super) to_query: Vec<f32>,
    pub(super) to_key: Vec<f32>,
    pub(super) to_value: Vec<f32>,
}

/// The derivatives by query, key and value, where `gradient` is that by `output`.
pub(super) fn go_back(
    set: InstructionSet,
    inputs: &Inputs<'_>,
    output: RowsOf<'_>,
    log_sums: RowsOf<'_>,
    gradient: RowsOf<'_>,
) -> Vec<WentBack> {
    let size = inputs.heads.size;
    let run = |task: Task| {
        let length = task.tokens.len() * size;
        let [mut to_query, mut to_key, mut to_value] = [(); 3].map(|()| vec![0.0; length]);
        let (mut scores, mut gradients) = (Vec::new(), Vec::new());
        let key_head = inputs.key_head(task.head);
        for tile in inputs.tiles(&task.tokens) {
            inputs.scores(task.head, &tile, &mut scores);
            let keys = tile.keys.len();
            for (token, row) in tile.queries.clone().zip(scores.chunks_exact_mut(keys)) {
                probabilities(set, row, log_sums.row(token)[task.head]);
            }
            let to_output = inputs.matrix(gradient, task.head, &tile.queries);
            let value = inputs.matrix(inputs.value, key_head, &tile.keys);
            let first_key = (tile.keys.start - task.tokens.start) * size;
            let weights = Matrix::whole(&scores, keys);
            let target = MatrixMut::whole(&mut to_value[first_key..][..keys * size], size);
            multiply(target, Onto::WhatIsThere, 1.0, weights.transposed(), to_output, By::OneThread);
            gradients.resize(scores.len(), 0.0);
            let target = MatrixMut::whole(&mut gradients, keys);
            multiply(target, Onto::Nothing, 1.0, to_output, value.transposed(), By::OneThread);
            let columns = task.head * size..(task.head + 1) * size;
            let rows = gradients.chunks_exact_mut(keys).zip(scores.chunks_exact(keys));
            for (token, (gradients, probabilities)) in tile.queries.clone().zip(rows) {
                let mean = math::dot(&output.row(token)[columns.clone()], &gradient.row(token)[columns.clone()]);
                softmax_back(set, gradients, probabilities, mean);
            }
            let to_scores = Matrix::whole(&gradients, keys);
            let first = (tile.queries.start - task.tokens.start) * size;
            let target = MatrixMut::whole(&mut to_query[first..][..tile.queries.len() * size], size);
            let key = inputs.matrix(inputs.key, key_head, &tile.keys);
            multiply(target, Onto::Nothing, inputs.heads.scale, to_scores, key, By::OneThread);
            let target = MatrixMut::whole(&mut to_key[first_key..][..keys * size], size);
            let query = inputs.matrix(inputs.query, task.head, &tile.queries);
            multiply(target, Onto::WhatIsThere, inputs.heads.scale, to_scores.transposed(), query, By::OneThread);
        }
        WentBack { task, key_head, to_query, to_key, to_value }
    };
    inputs.tasks().into_par_iter().map(run).collect()
}
