//! The interval that a mean lies in, found by drawing from the values again and again.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::normal::{cumulative_probability, quantile};

/// Where a mean lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Share of each tail that a 95 % interval leaves out.
const TAIL: f64 = 0.025;
/// Draws of all values.
const RESAMPLES: usize = 10_000;
/// From so many values on the normal distribution says the same, much sooner.
const MANY_VALUES: usize = 10_000;

/// The 95 % interval of the mean that `values` were drawn from: the bias-corrected and accelerated bootstrap (Efron
/// 1987, "Better bootstrap confidence intervals"), which holds for skewed scores too. The same values in the same order
/// and the same seed give the same interval. `bounds` is what values can be at all, such as 0 to 1 for scores.
///
/// `None` where the values are too few to say: fewer than two, or not finite, or all alike without bounds. Values that
/// are all alike would bootstrap to no width; with bounds, the interval is that of Clopper and Pearson (1934) for how
/// often another value may still occur, at the bounds in the worst case.
pub fn mean_interval(values: &[f64], bounds: Option<(f64, f64)>, seed: u64) -> Option<Interval> {
    let [first, _, ..] = values else { return None };
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let count = values.len() as f64;
    if values.iter().all(|value| value == first) {
        let (lowest, highest) = bounds?;
        let least_share = TAIL.powf(1.0 / count);
        let rest = 1.0 - least_share;
        return Some(Interval { low: least_share * first + rest * lowest, high: least_share * first + rest * highest });
    }
    let mean = mean_of(values.iter().copied(), count);
    if values.len() > MANY_VALUES {
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half = quantile(1.0 - TAIL) * (variance / count).sqrt();
        return Some(Interval { low: mean - half, high: mean + half });
    }
    let means = resampled_means(values, seed);
    let below = means.partition_point(|&resampled| resampled < mean);
    let up_to = means.partition_point(|&resampled| resampled <= mean);
    let bias = quantile((below + up_to) as f64 / (2 * means.len()) as f64);
    let acceleration = acceleration(values, mean);
    let end = |tail: f64| {
        let shifted = bias + quantile(tail);
        quantile_of(&means, cumulative_probability(bias + shifted / (1.0 - acceleration * shifted)))
    };
    Some(Interval { low: end(TAIL), high: end(1.0 - TAIL) })
}

fn mean_of(values: impl Iterator<Item = f64>, count: f64) -> f64 {
    values.sum::<f64>() / count
}

/// Means of as many values drawn with replacement, in ascending order.
fn resampled_means(values: &[f64], seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // 32 bits, so that the page and the companion draw alike.
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let mut draw = || values.get(random.random_range(0..count) as usize).copied().unwrap_or_default();
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean_of((0..count).map(|_| draw()), f64::from(count))).collect();
    means.sort_by(f64::total_cmp);
    means
}

/// How fast the mean's error changes with the mean, from leaving out one value at a time. For a mean that is a sixth of
/// its skewness.
fn acceleration(values: &[f64], mean: f64) -> f64 {
    let sum_of = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
    sum_of(3) / (6.0 * sum_of(2).powf(1.5))
}

/// The value below which this share of `sorted` lies, between neighbours in proportion.
fn quantile_of(sorted: &[f64], share: f64) -> f64 {
    let position = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |index: usize| sorted.get(index).or(sorted.last()).copied().unwrap_or_default();
    let (index, fraction) = (position as usize, position.fract());
    at(index) + fraction * (at(index + 1) - at(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: Option<(f64, f64)> = Some((0.0, 1.0));

    /// By `scipy.stats.bootstrap` 1.17.1, `method="BCa"`, with 400 000 resamples.
    #[test]
    fn intervals_are_those_of_scipy() {
        let passes = [1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0].map(f64::from);
        let scores = [0.12, 0.5, 0.93, 0.77, 0.31, 0.64, 0.88, 0.99, 0.05, 0.71, 0.42, 0.95];
        let rare = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1].map(f64::from);
        for (values, low, high) in
            [(passes.as_slice(), 0.5, 0.9), (scores.as_slice(), 0.4125, 0.76583), (rare.as_slice(), 0.0, 0.5)]
        {
            let interval = mean_interval(values, SCORES, 1).unwrap();
            assert!((interval.low - low).abs() < 0.012 && (interval.high - high).abs() < 0.012, "{interval:?}");
            assert_eq!(mean_interval(values, SCORES, 1), Some(interval), "the same seed, the same interval");
        }
    }

    #[test]
    fn too_few_or_too_alike_is_said() {
        assert_eq!(mean_interval(&[], SCORES, 0), None);
        assert_eq!(mean_interval(&[0.5], SCORES, 0), None);
        assert_eq!(mean_interval(&[3.0, 3.0], None, 0), None);
        assert_eq!(mean_interval(&[f64::NAN, 1.0, 0.5], SCORES, 0), None);
        // `scipy.stats.binomtest(10, 10).proportion_ci()` is 0.6915 to 1.
        let all = mean_interval(&[1.0; 10], SCORES, 0).unwrap();
        assert!((all.low - 0.6915).abs() < 1e-4 && (all.high - 1.0).abs() < 1e-12, "{all:?}");
        let none = mean_interval(&[0.0; 10], SCORES, 0).unwrap();
        assert!(none.low.abs() < 1e-12 && (none.high - 0.3085).abs() < 1e-4, "{none:?}");
    }

    /// Nineteen of twenty intervals should hold the true mean; small samples of a skewed score miss it a little more.
    #[test]
    fn most_intervals_hold_the_true_mean() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let runs = 200;
        let held = (0..runs).filter(|&seed| {
            let values: Vec<f64> = (0..30).map(|_| random.random::<f64>().powi(2)).collect();
            mean_interval(&values, SCORES, seed)
                .is_some_and(|interval| interval.low < 1.0 / 3.0 && interval.high > 1.0 / 3.0)
        });
        assert!((180..=198).contains(&held.count()));
    }

    #[test]
    fn many_values_take_the_short_way_to_the_same_interval() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let values: Vec<f64> = (0..=MANY_VALUES).map(|_| random.random()).collect();
        let short = mean_interval(&values, SCORES, 0).unwrap();
        let long = mean_interval(&values[1..], SCORES, 0).unwrap();
        assert!((short.low - long.low).abs() < 3e-4 && (short.high - long.high).abs() < 3e-4);
    }
}
