//! Whether one of two runs over the same cases is better, and by how much.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, mean_interval};

/// What two runs over the same cases say about each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Cases that both have a score for.
    pub pairs: usize,
    /// Cases where the second is better.
    pub better: usize,
    /// Cases where the second is worse.
    pub worse: usize,
    /// The second's mean score minus the first's; 0 without pairs.
    pub mean_difference: f64,
    /// The 95 % interval of that difference; `None` where the pairs are too few to say.
    pub interval: Option<Interval>,
    /// How often a difference this large, in either direction, comes about if the runs are equally good; `None` without
    /// pairs.
    pub p_value: Option<f64>,
}

impl PairedComparison {
    /// Whether the difference is more than chance, at the usual 5 %.
    pub fn is_significant(&self) -> bool {
        self.p_value.is_some_and(|p_value| p_value < 0.05)
    }
}

/// Compares two runs by their scores, each from 0 to 1, on the same cases: the first run's, then the second's.
///
/// The interval is [`mean_interval`]'s of the differences. The p-value is that of the sign-flip permutation test
/// (Fisher 1935, "The Design of Experiments", section 21): exact for up to 16 cases that differ, and from 20 000 draws
/// by `seed` otherwise.
pub fn compare_pairs(scores: &[(f64, f64)], seed: u64) -> PairedComparison {
    let differences: Vec<f64> = scores.iter().map(|(first, second)| second - first).collect();
    let sum: f64 = differences.iter().sum();
    PairedComparison {
        pairs: scores.len(),
        better: differences.iter().filter(|&&difference| difference > 0.0).count(),
        worse: differences.iter().filter(|&&difference| difference < 0.0).count(),
        mean_difference: if scores.is_empty() { 0.0 } else { sum / scores.len() as f64 },
        interval: mean_interval(&differences, Some((-1.0, 1.0)), seed),
        p_value: sign_flip_p_value(&differences, seed),
    }
}

fn sign_flip_p_value(differences: &[f64], seed: u64) -> Option<f64> {
    const MOST_EXACT: usize = 16;
    const DRAWS: u32 = 20_000;
    if differences.is_empty() || differences.iter().any(|difference| !difference.is_finite()) {
        return None;
    }
    // Where both are alike, a flipped sign changes nothing.
    let sizes: Vec<f64> =
        differences.iter().filter(|&&difference| difference != 0.0).map(|value| value.abs()).collect();
    let total: f64 = sizes.iter().sum();
    // Sums in another order differ by rounding only.
    let observed = differences.iter().sum::<f64>().abs() - total * 1e-12;
    // The sum with the signs that are set in `signs` flipped.
    let is_as_large = |signs: &mut dyn FnMut() -> u64| {
        let flipped: f64 = sizes
            .chunks(64)
            .map(|chunk| {
                let bits = signs();
                let flipped = chunk.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
                flipped.map(|(_, size)| size).sum::<f64>()
            })
            .sum();
        (total - 2.0 * flipped).abs() >= observed
    };
    Some(if sizes.len() <= MOST_EXACT {
        let all = 1_u64 << sizes.len();
        (0..all).filter(|&signs| is_as_large(&mut || signs)).count() as f64 / all as f64
    } else {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let large = (0..DRAWS).filter(|_| is_as_large(&mut || random.next_u64())).count();
        // What was observed is one of the draws (Phipson and Smyth 2010): a p-value is never 0.
        (large + 1) as f64 / f64::from(DRAWS + 1)
    })
}

/// The p-value for two runs that pass or fail the same cases, from how many cases only the first passed and how many
/// only the second: the test of `McNemar` (1947) in its exact form.
pub fn mcnemar_p_value(only_first: u64, only_second: u64) -> f64 {
    let (fewer, all) = (only_first.min(only_second), only_first + only_second);
    // Both tails of the binomial distribution with a probability of one half, in logarithms: 2^-all can underflow.
    let mut log_term = -(all as f64) * std::f64::consts::LN_2;
    let mut tail = log_term.exp();
    for successes in 1..=fewer {
        log_term += ((all - successes + 1) as f64 / successes as f64).ln();
        tail += log_term.exp();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<const COUNT: usize>(first: [f64; COUNT], second: [f64; COUNT]) -> Vec<(f64, f64)> {
        first.into_iter().zip(second).collect()
    }

    /// By `scipy.stats.permutation_test` 1.17.1 (`permutation_type="samples"`) and `bootstrap(method="BCa")`.
    #[test]
    fn comparisons_are_those_of_scipy() {
        let worse = [0.9, 0.8, 0.75, 0.6, 1.0, 0.4, 0.85, 0.7, 0.95, 0.5];
        let better = [0.7, 0.8, 0.65, 0.55, 0.9, 0.45, 0.6, 0.7, 0.85, 0.3];
        let comparison = compare_pairs(&pairs(better, worse), 1);
        assert_eq!((comparison.pairs, comparison.better, comparison.worse), (10, 7, 1));
        assert!((comparison.mean_difference - 0.095).abs() < 1e-12);
        assert!((comparison.p_value.unwrap() - 0.0234375).abs() < 1e-12, "{comparison:?}");
        let interval = comparison.interval.unwrap();
        assert!((interval.low - 0.04).abs() < 0.006 && (interval.high - 0.155).abs() < 0.006, "{interval:?}");
        assert!(comparison.is_significant());

        let passes = pairs([1, 0, 1, 1, 0, 1, 1].map(f64::from), [0, 0, 0, 1, 1, 0, 0].map(f64::from));
        assert_eq!(compare_pairs(&passes, 1).p_value, Some(0.375));
    }

    #[test]
    fn many_pairs_are_drawn_from() {
        let clear: Vec<(f64, f64)> = (0..40).map(|index| (0.5, 0.55 + f64::from(index % 5) / 100.0)).collect();
        assert_eq!(compare_pairs(&clear, 1).p_value, Some(1.0 / 20_001.0));
        // As many ups as downs of one size: the sum of 40 signs is at least 4 with a probability of 0.6358
        // (`2 * binom.sf(21, 40, 0.5)`, scipy 1.17.1).
        let unclear: Vec<(f64, f64)> = (0..40).map(|index| if index < 22 { (0.0, 1.0) } else { (1.0, 0.0) }).collect();
        let p_value = compare_pairs(&unclear, 1).p_value.unwrap();
        assert!((p_value - 0.6358).abs() < 0.012, "{p_value}");
    }

    #[test]
    fn too_few_pairs_show_nothing() {
        let none = compare_pairs(&[], 0);
        assert_eq!((none.p_value, none.interval, none.mean_difference), (None, None, 0.0));
        let one = compare_pairs(&[(0.0, 1.0)], 0);
        assert_eq!((one.p_value, one.interval), (Some(1.0), None));
        let alike = compare_pairs(&[(0.5, 0.5); 12], 0);
        assert_eq!(alike.p_value, Some(1.0));
        assert!(!alike.is_significant());
    }

    /// By `scipy.stats.binomtest(only_first, only_first + only_second)` 1.17.1.
    #[test]
    fn mcnemar_is_the_exact_binomial_test() {
        for (only_first, only_second, expected) in
            [(1, 7, 0.0703125), (0, 5, 0.0625), (4, 5, 1.0), (22, 10, 0.050102459732443094), (0, 0, 1.0)]
        {
            assert!((mcnemar_p_value(only_first, only_second) - expected).abs() < 1e-12);
        }
        assert!(mcnemar_p_value(1000, 3000) < 1e-200);
    }
}
