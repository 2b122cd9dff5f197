//! Rows of activations as 16-bit integers, in the order in which decoded weights come.

/// Values that share a scale: the unit in which weights are decoded.
pub(super) const UNIT: usize = 32;

/// The largest magnitude used. Below 2^15 by enough that the products of any block type add up within 32 bits.
const LARGEST: f32 = 32_000.0;

/// Quantized rows `[rows, columns]`, columns padded to whole units with zeros.
#[derive(Default)]
pub(super) struct Activations {
    /// Per unit 32 values in the order even low half, even high half, odd low half, odd high half: shifting a
    /// vector of 16 nibble pairs by 0, 4, 8 and 12 bits yields weights in just this order.
    pub(super) words: Vec<i16>,
    /// Per unit the scale and the sum of its 32 values (scale included), for the minimums of the weights.
    pub(super) scales: Vec<[f32; 2]>,
    /// Units per row.
    pub(super) units: usize,
}

/// One quantized row.
#[derive(Clone, Copy)]
pub(super) struct ActivationRow<'a> {
    pub(super) words: &'a [i16],
    pub(super) scales: &'a [[f32; 2]],
}

impl Activations {
    /// Makes room for `rows` rows of `columns` values.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        self.units = columns.div_ceil(UNIT);
        self.words.resize(rows * self.units * UNIT, 0);
        self.scales.resize(rows * self.units, [0.0; 2]);
    }

    /// Row `index`.
    pub(super) fn row(&self, index: usize) -> ActivationRow<'_> {
        ActivationRow {
            words: &self.words[index * self.units * UNIT..][..self.units * UNIT],
            scales: &self.scales[index * self.units..][..self.units],
        }
    }
}

/// Quantizes one row.
#[inline(always)]
pub(super) fn quantize_row(values: &[f32], words: &mut [i16], scales: &mut [[f32; 2]]) {
    let units = values.chunks(UNIT).zip(words.chunks_exact_mut(UNIT).zip(scales));
    for (values, (words, scale)) in units {
        let mut unit = [0.0_f32; UNIT];
        unit[..values.len()].copy_from_slice(values);
        quantize_unit(&unit, words, scale);
    }
}

#[inline(always)]
fn quantize_unit(unit: &[f32; UNIT], words: &mut [i16], scale: &mut [f32; 2]) {
    let mut largest = [0.0_f32; 8];
    let mut sums = [0.0_f32; 8];
    for chunk in unit.chunks_exact(8) {
        for lane in 0..8 {
            largest[lane] = if chunk[lane].abs() > largest[lane] { chunk[lane].abs() } else { largest[lane] };
            sums[lane] += chunk[lane];
        }
    }
    let largest = largest.iter().copied().fold(0.0, f32::max);
    let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, in one vector operation on every target.
    const MAGIC: f32 = 12_582_912.0;
    let mut rounded = [0_i32; UNIT];
    for (rounded, value) in rounded.iter_mut().zip(unit) {
        *rounded = (value * inverse + MAGIC).to_bits() as i32 - MAGIC.to_bits() as i32;
    }
    for pair in 0..8 {
        words[pair] = rounded[2 * pair] as i16;
        words[8 + pair] = rounded[16 + 2 * pair] as i16;
        words[16 + pair] = rounded[2 * pair + 1] as i16;
        words[24 + pair] = rounded[17 + 2 * pair] as i16;
    }
    *scale = [largest / LARGEST, sums.iter().sum()];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantizing_keeps_fifteen_bits_in_the_order_of_the_weights() {
        let values: Vec<f32> = (0..50).map(|i| ((i * 37 % 50) as f32 - 20.0) * 0.013).collect();
        let mut rows = Activations::default();
        rows.resize(1, values.len());
        let Activations { words, scales, .. } = &mut rows;
        quantize_row(&values, words, scales);
        for (index, value) in values.iter().enumerate() {
            let (unit, within) = (index / UNIT, index % UNIT);
            let place = within % 2 * 16 + within / 16 * 8 + within % 16 / 2;
            let restored = f32::from(rows.words[unit * UNIT + place]) * rows.scales[unit][0];
            assert!((restored - value).abs() < 0.5 / 30_000.0, "value {index}: {restored} for {value}");
        }
        let sum: f32 = rows.scales.iter().map(|scale| scale[1]).sum();
        assert!((sum - values.iter().sum::<f32>()).abs() < 1e-5);
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let mut words = vec![1; 32];
        let mut scales = vec![[1.0; 2]];
        quantize_row(&[0.0; 32], &mut words, &mut scales);
        assert_eq!((words, scales), (vec![0; 32], vec![[0.0; 2]]));
    }
}
