//! Rows of activations as 16-bit integers, in the order in which decoded weights come.

use super::parallel::Threads;

/// Values that share a scale: the unit in which weights are decoded.
pub(super) const UNIT: usize = 32;

/// The largest magnitude used. Below 2^15 by enough that the products of any block type add up within 32 bits.
const LARGEST: f32 = 32_000.0;

/// Rows whose units lie next to each other, so that one decoded unit of weights meets them in one stretch of memory.
pub(super) const GROUP: usize = 4;

/// Quantized rows. A single row is a group of one; more rows come in groups of [`GROUP`], the last filled up with
/// zeros.
#[derive(Default)]
pub(super) struct Activations {
    /// `[groups, units, rows of the group, 32]`. The 32 values of a unit are in the order even low half, even high
    /// half, odd low half, odd high half: shifting a vector of 16 nibble pairs by 0, 4, 8 and 12 bits yields weights
    /// in just this order.
    words: Vec<i16>,
    /// `[groups, units, rows of the group]`
    scales: Vec<f32>,
    /// The sum of each unit's values, for the minimums of the weights. `[groups, units, rows of the group]`
    sums: Vec<f32>,
    /// Rows of a group: 1 or [`GROUP`].
    group: usize,
    /// Units per row.
    units: usize,
}

/// The rows of one group.
#[derive(Clone, Copy)]
pub(super) struct ActivationGroup<'a> {
    /// `[units, rows of the group, 32]`
    pub(super) words: &'a [i16],
    /// `[units, rows of the group]`
    pub(super) scales: &'a [f32],
    /// `[units, rows of the group]`
    pub(super) sums: &'a [f32],
}

impl Activations {
    /// Quantizes `rows` rows of `columns` values; `row(index)` is one of them and `quantize_row` is the function below
    /// compiled for the machine at hand.
    pub(super) fn fill<'i>(
        &mut self,
        threads: &Threads,
        rows: usize,
        columns: usize,
        row: impl Fn(usize) -> &'i [f32] + Sync + Send,
        quantize_row: impl Fn(&[f32], RowMut<'_>) + Sync + Send,
    ) {
        self.group = if rows == 1 { 1 } else { GROUP };
        self.units = columns.div_ceil(UNIT);
        let (groups, group, units) = (rows.div_ceil(self.group), self.group, self.units);
        self.words.resize(groups * units * group * UNIT, 0);
        self.scales.resize(groups * units * group, 0.0);
        self.sums.resize(groups * units * group, 0.0);
        let mut parts: Vec<_> = self
            .words
            .chunks_exact_mut(units * group * UNIT)
            .zip(self.scales.chunks_exact_mut(units * group))
            .zip(self.sums.chunks_exact_mut(units * group))
            .take(groups)
            .collect();
        let share = groups.div_ceil(threads.count());
        threads.for_each_chunk(&mut parts, share, |chunk, parts| {
            for (offset, ((words, scales), sums)) in parts.iter_mut().enumerate() {
                for member in 0..group {
                    let index = (chunk * share + offset) * group + member;
                    let values = if index < rows { row(index) } else { &[] };
                    quantize_row(values, RowMut { words, scales, sums, group, member });
                }
            }
        });
    }

    /// Rows of a group: 1 or [`GROUP`].
    pub(super) fn group_rows(&self) -> usize {
        self.group
    }

    /// Units per row.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    /// Bytes held.
    pub(super) fn size_bytes(&self) -> u64 {
        self.words.capacity() as u64 * 2 + (self.scales.capacity() + self.sums.capacity()) as u64 * 4
    }

    /// Group `index`.
    pub(super) fn group(&self, index: usize) -> ActivationGroup<'_> {
        let length = self.units * self.group;
        ActivationGroup {
            words: &self.words[index * length * UNIT..][..length * UNIT],
            scales: &self.scales[index * length..][..length],
            sums: &self.sums[index * length..][..length],
        }
    }
}

/// Where one row of a group goes.
pub(super) struct RowMut<'a> {
    words: &'a mut [i16],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
    group: usize,
    member: usize,
}

/// Quantizes one row; values it lacks are zero.
#[inline(always)]
pub(super) fn quantize_row(values: &[f32], row: RowMut<'_>) {
    let RowMut { words, scales, sums, group, member } = row;
    for unit in 0..scales.len() / group {
        let mut of_unit = [0.0_f32; UNIT];
        let values = values.get(unit * UNIT..).unwrap_or_default();
        let values = &values[..values.len().min(UNIT)];
        of_unit[..values.len()].copy_from_slice(values);
        let place = unit * group + member;
        (scales[place], sums[place]) = quantize_unit(&of_unit, &mut words[place * UNIT..][..UNIT]);
    }
}

/// Quantizes one unit; returns its scale and the sum of its values.
#[inline(always)]
pub(super) fn quantize_unit(unit: &[f32; UNIT], words: &mut [i16]) -> (f32, f32) {
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
    (largest / LARGEST, sums.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantizing_keeps_fifteen_bits_in_the_order_of_the_weights() {
        let rows: Vec<Vec<f32>> = (0..6)
            .map(|row| (0..50).map(|i| ((i * 37 % 50) as f32 - 20.0) * 0.013 * (row + 1) as f32).collect())
            .collect();
        let mut quantized = Activations::default();
        quantized.fill(&Threads::new(2), rows.len(), 50, |index| &rows[index], quantize_row);
        assert_eq!((quantized.units(), quantized.group_rows()), (2, 4));
        for (row, values) in rows.iter().enumerate() {
            let (group, member) = (quantized.group(row / 4), row % 4);
            for (index, value) in values.iter().enumerate() {
                let (unit, within) = (index / UNIT, index % UNIT);
                let place = within % 2 * 16 + within / 16 * 8 + within % 16 / 2;
                let restored =
                    f32::from(group.words[(unit * 4 + member) * UNIT + place]) * group.scales[unit * 4 + member];
                assert!((restored - value).abs() < 3.0 / 30_000.0, "row {row} value {index}: {restored} for {value}");
            }
            let sum: f32 = (0..2).map(|unit| group.sums[unit * 4 + member]).sum();
            assert!((sum - values.iter().sum::<f32>()).abs() < 1e-4);
        }
        assert!(quantized.group(1).words[2 * UNIT..4 * UNIT].iter().all(|&word| word == 0), "missing rows are zero");
    }

    #[test]
    fn a_unit_of_zeros_stays_zero() {
        let mut words = vec![1; 32];
        assert_eq!(quantize_unit(&[0.0; 32], &mut words), (0.0, 0.0));
        assert_eq!(words, vec![0; 32]);
    }
}
