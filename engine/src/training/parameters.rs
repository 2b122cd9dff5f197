//! All that is trained, as one list of floats, and its gradient beside it.

use std::ops::Range;

/// One matrix or vector that is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The tensor's name in the file; of an adapter's with `.lora_a`, `.lora_b` or `.lora_magnitude` behind it.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Where it lies.
    pub range: Range<usize>,
}

/// What is trained.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// What they are, in order.
    pub list: Vec<Parameter>,
    /// Their values.
    pub values: Vec<f32>,
    /// How the loss changes with each.
    pub gradients: Vec<f32>,
}

impl Parameters {
    /// Adds one of zeros, and gives its number.
    pub(super) fn add(&mut self, name: String, rows: usize, columns: usize) -> usize {
        let range = self.values.len()..self.values.len() + rows * columns;
        self.values.resize(range.end, 0.0);
        self.gradients.resize(range.end, 0.0);
        self.list.push(Parameter { name, rows, columns, range });
        self.list.len() - 1
    }

    pub(super) fn range(&self, number: usize) -> Range<usize> {
        self.list[number].range.clone()
    }

    /// The gradient begins anew.
    pub fn clear_gradients(&mut self) {
        self.gradients.fill(0.0);
    }
}
