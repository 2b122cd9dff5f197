//! Functions of floats that compile to vector code on every target.

/// e^x to within 2 units in the last place for x in [-87, 88], clamped outside (Cody & Waite reduction, Cephes
/// polynomial). The library's `exp` is a call per value; this one is a dozen vector operations.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to the nearest integer
    let x = x.clamp(-87.3, 88.3);
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let polynomial = 1.987_569_1e-4_f32;
    let polynomial = polynomial * r + 1.398_199_9e-3;
    let polynomial = polynomial * r + 8.333_452e-3;
    let polynomial = polynomial * r + 4.166_579_6e-2;
    let polynomial = polynomial * r + 1.666_666_5e-1;
    let polynomial = polynomial * r + 0.5;
    let value = polynomial * r * r + r + 1.0;
    let exponent = (shifted.to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32);
    value * f32::from_bits((exponent + 127).clamp(0, 254).cast_unsigned() << 23)
}

/// x * sigmoid(x)
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// The tanh form of GELU: x * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 x^3))
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    const TWICE_ROOT: f32 = 1.595_769;
    x / (1.0 + exp(-TWICE_ROOT * (x + 0.044_715 * x * x * x)))
}

/// The dot product of equally long slices, in 16 partial sums that the compiler keeps in vectors.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a_chunks, b_chunks) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    rest + sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for step in -87_000..88_000 {
            let x = step as f32 / 1000.0;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= exact * 2.4e-7, "exp({x}) = {ours}, not {exact}");
        }
        assert!(exp(-1000.0) < 1.3e-38 && exp(1000.0).is_finite() && exp(0.0) == 1.0);
    }

    #[test]
    fn activations_match_their_definitions() {
        for step in -1000..1000 {
            let x = step as f32 / 50.0;
            let wide = f64::from(x);
            let silu_exact = wide / (1.0 + (-wide).exp());
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044715 * wide.powi(3));
            let gelu_exact = 0.5 * wide * (1.0 + inner.tanh());
            assert!((f64::from(silu(x)) - silu_exact).abs() < 1e-6 * (1.0 + wide.abs()));
            assert!((f64::from(gelu_tanh(x)) - gelu_exact).abs() < 1e-6 * (1.0 + wide.abs()));
        }
    }

    #[test]
    fn dot_handles_odd_lengths() {
        for length in [0, 1, 15, 16, 31, 64, 100] {
            let a: Vec<f32> = (0..length).map(|i| i as f32 - 3.0).collect();
            let exact: f32 = a.iter().map(|a| a * a).sum();
            assert_eq!(dot(&a, &a), exact);
        }
    }
}
