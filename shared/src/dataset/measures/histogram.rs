//! How a measure is spread over the rows.

use serde::{Deserialize, Serialize};

/// Rows by their values, in bins that are there before the rows are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where each bin begins; the last one has no end.
    pub begins: Vec<f64>,
    /// Rows in each bin.
    pub counts: Vec<u64>,
}

/// Which bins suit a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Whole numbers of any size: bins grow with them.
    Counts,
    /// From 0 to 1: twenty bins.
    Share,
    /// A few: one bin each, up to twenty.
    Few,
}

impl Histogram {
    pub(super) fn new(scale: Scale) -> Self {
        let begins: Vec<f64> = match scale {
            Scale::Counts => {
                let doubling =
                    (0..17).flat_map(|power| [1.0, 1.5].map(|part: f64| (part * f64::from(1 << power)).floor()));
                let mut begins: Vec<f64> = std::iter::once(0.0).chain(doubling).collect();
                begins.dedup();
                begins
            }
            Scale::Share => (0..20).map(|bin| f64::from(bin) / 20.0).collect(),
            Scale::Few => (0..20).map(f64::from).collect(),
        };
        let counts = vec![0; begins.len()];
        Self { begins, counts }
    }

    /// Counts a row.
    pub fn add(&mut self, value: f64) {
        let bin = self.begins.partition_point(|begin| *begin <= value).saturating_sub(1);
        self.counts[bin] += 1;
    }

    /// The bins that have rows, and those between them.
    pub fn filled(&self) -> std::ops::Range<usize> {
        let first = self.counts.iter().position(|count| *count > 0).unwrap_or(0);
        let last = self.counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        first..last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_the_bin_that_begins_before_them() {
        let mut histogram = Histogram::new(Scale::Counts);
        assert_eq!(histogram.begins[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]);
        for value in [0.0, 1.0, 5.0, 5.5, 1e9] {
            histogram.add(value);
        }
        assert_eq!(histogram.counts[..6], [1, 1, 0, 0, 2, 0]);
        assert_eq!(histogram.counts.last(), Some(&1));
        assert_eq!(histogram.filled(), 0..histogram.counts.len());
        assert_eq!(Histogram::new(Scale::Share).filled(), 0..0);
    }
}
