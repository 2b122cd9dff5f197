//! The standard normal distribution.

use std::f64::consts::TAU;

/// Probability of a value of at most `z`, by the series of Marsaglia (2004), "Evaluating the normal distribution".
pub(super) fn cumulative_probability(z: f64) -> f64 {
    // Beyond, the rest is below what the caller can see.
    const LARGEST: f64 = 8.0;
    if z.abs() >= LARGEST {
        return if z > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut before, mut term, mut divisor) = (z, 0.0, z, 1.0);
    while sum != before {
        before = sum;
        divisor += 2.0;
        term *= z * z / divisor;
        sum += term;
    }
    0.5 + sum * (-0.5 * z * z).exp() / TAU.sqrt()
}

/// The `z` that values stay below with this probability, between -8 and 8.
pub(super) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    // Each step halves 16: this many leave less than rounding.
    for _ in 0..56 {
        let middle = 0.5 * (low + high);
        if cumulative_probability(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `scipy.stats.norm` 1.17.1.
    #[test]
    fn known_values() {
        for (z, probability) in
            [(-3.0, 0.0013498980316300933), (0.0, 0.5), (1.959963984540054, 0.975), (4.5, 0.9999966023268753)]
        {
            assert!((cumulative_probability(z) - probability).abs() < 1e-14);
            assert!((quantile(probability) - z).abs() < 1e-9);
        }
        assert_eq!((cumulative_probability(-40.0), cumulative_probability(40.0)), (0.0, 1.0));
        assert_eq!(quantile(0.0), -8.0);
    }
}
