//! Adapters that learn the length of each row apart from its direction (DoRA, Liu et al. 2024): what is multiplied with is
//! `magnitude * (W + factor B A) / |W + factor B A|`. Going back, the divisor is held (section 4.3 of the paper), as PEFT does it.

use rayon::prelude::*;

use super::rows::ROWS_AT_ONCE;

/// What a weight's outputs are multiplied by, one for each of its rows.
pub(super) struct Decomposed {
    /// One over the length of W + factor B A.
    pub(super) inverse_lengths: Vec<f32>,
    /// The magnitude times that; 1 where there is no adapter.
    pub(super) scales: Vec<f32>,
}

/// The length of each row.
pub(super) fn lengths(matrix: &[f32], columns: usize) -> Vec<f32> {
    let length = |row: &[f32]| row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt() as f32;
    matrix.par_chunks_exact(columns).map(length).collect()
}

/// Multiplies each column by its scale.
pub(super) fn scale(values: &mut [f32], scales: &[f32]) {
    values.par_chunks_exact_mut(scales.len()).with_min_len(ROWS_AT_ONCE).for_each(|row| {
        row.iter_mut().zip(scales).for_each(|(value, scale)| *value *= scale);
    });
}

/// For each column the sum of `gradient` times `unscaled`: the derivative by the column's scale.
pub(super) fn to_scales(gradient: &[f32], unscaled: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    for (gradient, unscaled) in gradient.chunks_exact(columns).zip(unscaled.chunks_exact(columns)) {
        let products = gradient.iter().zip(unscaled).map(|(gradient, value)| gradient * value);
        sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
    }
    sums
}
