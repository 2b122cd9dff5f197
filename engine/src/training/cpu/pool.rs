//! Memory that is used again: what the system hands out anew it has to clear first, page by page.

use std::collections::HashMap;

/// Lists of floats that nobody needs at the moment, by their length.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: HashMap<usize, Vec<Vec<f32>>>,
}

impl Pool {
    /// A list with whatever was in it.
    pub(super) fn take(&mut self, length: usize) -> Vec<f32> {
        self.free.get_mut(&length).and_then(Vec::pop).unwrap_or_else(|| vec![0.0; length])
    }

    /// A list of zeros.
    pub(super) fn take_zeros(&mut self, length: usize) -> Vec<f32> {
        let mut values = self.take(length);
        values.fill(0.0);
        values
    }

    /// Takes a list back.
    pub(super) fn give(&mut self, values: Vec<f32>) {
        if !values.is_empty() {
            self.free.entry(values.len()).or_default().push(values);
        }
    }

    /// Lists of other lengths are let go: the next batch has another number of tokens.
    pub(super) fn clear(&mut self) {
        self.free.clear();
    }
}
