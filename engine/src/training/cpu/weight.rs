//! What a model multiplies with while it is trained.

use std::ops::Range;

use rayon::prelude::*;

use super::super::Parameters;
use super::super::nf4_tensor::Nf4Tensor;
use crate::cpu::weight::CpuWeight;

/// Rows that a thread decodes in one go.
const ROWS_AT_ONCE: usize = 32;

/// A weight of the plan.
pub(super) enum Weight {
    /// A norm that stays as it is.
    FrozenNorm(Vec<f32>),
    /// A matrix that stays as the file stores it, and is decoded each time that it is used.
    Frozen(CpuWeight),
    /// One that was stored in four bits when it was loaded: its tensors, the one below the other.
    Nf4(Vec<Nf4Tensor>),
    /// One that is trained: its number among the parameters.
    Trained(usize),
}

impl Weight {
    /// Rows of it as floats, where they lie already or in `scratch`.
    pub(super) fn rows<'a>(
        &'a self,
        rows: Range<usize>,
        columns: usize,
        parameters: &'a Parameters,
        scratch: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        match self {
            Self::FrozenNorm(values) => values,
            Self::Trained(number) => {
                let first = parameters.range(*number).start;
                &parameters.values[first + rows.start * columns..first + rows.end * columns]
            }
            Self::Frozen(weight) => {
                if let Some(values) = weight.floats(rows.clone()) {
                    return values;
                }
                scratch.resize(rows.len() * columns, 0.0);
                decode(weight, rows, columns, scratch);
                scratch
            }
            Self::Nf4(tensors) => {
                scratch.resize(rows.len() * columns, 0.0);
                dequantize(tensors, rows.start, columns, scratch);
                scratch
            }
        }
    }
}

/// Decodes rows on all threads.
fn decode(weight: &CpuWeight, rows: Range<usize>, columns: usize, values: &mut [f32]) {
    values.par_chunks_mut(ROWS_AT_ONCE * columns).enumerate().for_each(|(block, values)| {
        let first = rows.start + block * ROWS_AT_ONCE;
        let mut done = 0;
        for (_, blocks) in weight.runs(first..first + values.len() / columns) {
            let count = blocks.len() / weight.row_bytes() * columns;
            weight.block_type.dequantize(blocks, &mut values[done..done + count]);
            done += count;
        }
    });
}

/// Rows from `first` on, on all threads.
fn dequantize(tensors: &[Nf4Tensor], first: usize, columns: usize, values: &mut [f32]) {
    values.par_chunks_mut(columns).with_min_len(ROWS_AT_ONCE).enumerate().for_each(|(place, values)| {
        let row = first + place;
        if let Some(tensor) = tensors.iter().find(|tensor| tensor.rows.contains(&row)) {
            let row = tensor.order.row_of_module(row - tensor.rows.start, tensor.rows.len());
            tensor.values.dequantize(row * columns..(row + 1) * columns, values);
        }
    });
}
