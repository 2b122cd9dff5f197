//! Rows of a result, and work on them by all threads.

use rayon::prelude::*;

use super::super::program::Slot;

/// Rows that a thread takes in one go: enough work to be worth it.
pub(super) const ROWS_AT_ONCE: usize = 16;

/// Columns of a result that are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowsOf<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) slot: Slot,
}

impl RowsOf<'_> {
    /// The part of a row that belongs to it.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.stride + self.slot.first_column..][..self.slot.columns]
    }
}

/// Gives each row's part of `slot` to `work`, with the row's number.
pub(super) fn for_each_row(
    values: &mut [f32],
    stride: usize,
    slot: Slot,
    work: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    values.par_chunks_mut(stride * ROWS_AT_ONCE).enumerate().for_each(|(block, rows)| {
        for (place, row) in rows.chunks_mut(stride).enumerate() {
            work(block * ROWS_AT_ONCE + place, &mut row[slot.first_column..][..slot.columns]);
        }
    });
}

/// As [`for_each_row`], of two results at once.
pub(super) fn for_each_row_of_two(
    (values, slot): (&mut [f32], Slot),
    (others, others_stride): (&mut [f32], usize),
    stride: usize,
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync + Send,
) {
    let blocks = values.par_chunks_mut(stride * ROWS_AT_ONCE).zip(others.par_chunks_mut(others_stride * ROWS_AT_ONCE));
    blocks.enumerate().for_each(|(block, (rows, others))| {
        for (place, (row, other)) in rows.chunks_mut(stride).zip(others.chunks_mut(others_stride)).enumerate() {
            work(block * ROWS_AT_ONCE + place, &mut row[slot.first_column..][..slot.columns], other);
        }
    });
}
