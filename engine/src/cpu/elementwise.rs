//! The cheap steps: norms, rotation, gates, sums; one row at a time.

use super::lanes::{Lanes, for_each_instruction_set};
use super::math;
use crate::plan::{Activation, RopePairing};

for_each_instruction_set! {
    /// Normalizes each group of `weight.len()` values of `row` in place.
    fn rms_norm(row: &mut [f32], weight: &[f32], epsilon: f32) = rms_norm_body
}

#[inline(always)]
fn rms_norm_body<L: Lanes>(row: &mut [f32], weight: &[f32], epsilon: f32) {
    for group in row.chunks_exact_mut(weight.len()) {
        let mean = math::dot(group, group) / group.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for (value, weight) in group.iter_mut().zip(weight) {
            *value *= factor * weight;
        }
    }
}

for_each_instruction_set! {
    /// gate = activation(gate) * up
    fn gate(gate: &mut [f32], up: &[f32], activation: Activation) = gate_body
}

#[inline(always)]
fn gate_body<L: Lanes>(gate: &mut [f32], up: &[f32], activation: Activation) {
    match activation {
        Activation::Silu => gate.iter_mut().zip(up).for_each(|(gate, up)| *gate = math::silu(*gate) * up),
        Activation::GeluTanh => gate.iter_mut().zip(up).for_each(|(gate, up)| *gate = math::gelu_tanh(*gate) * up),
    }
}

/// Rotates each head of `row`; `angles` are (cosine, sine) per pair.
pub(crate) fn rotate(row: &mut [f32], head_size: usize, pairing: RopePairing, angles: &[(f32, f32)]) {
    for head in row.chunks_exact_mut(head_size) {
        for (pair, &(cosine, sine)) in angles.iter().enumerate() {
            let (first, second) = match pairing {
                RopePairing::Neighbours => (2 * pair, 2 * pair + 1),
                RopePairing::Halves => (pair, pair + angles.len()),
            };
            let (x, y) = (head[first], head[second]);
            head[first] = x * cosine - y * sine;
            head[second] = x * sine + y * cosine;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::lanes::InstructionSet;

    #[test]
    fn norm_makes_the_mean_square_one() {
        let mut row = [3.0, -4.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        rms_norm(InstructionSet::detect(), &mut row, &[2.0, 1.0, 1.0, 1.0], 0.0);
        assert_eq!(row, [2.4, -1.6, 0.0, 0.0, 2.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn rotation_turns_pairs() {
        let quarter = [(0.0, 1.0), (1.0, 0.0)];
        let mut row = [1.0, 2.0, 3.0, 4.0, 9.0];
        rotate(&mut row[..4], 4, RopePairing::Neighbours, &quarter);
        assert_eq!(row, [-2.0, 1.0, 3.0, 4.0, 9.0]);
        let mut row = [1.0, 2.0, 3.0, 4.0, 9.0];
        rotate(&mut row, 5, RopePairing::Halves, &quarter);
        assert_eq!(row, [-3.0, 2.0, 1.0, 4.0, 9.0], "values past the rotated ones stay");
    }
}
