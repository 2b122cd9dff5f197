//! Gated activations (Shazeer 2020) and their derivatives, a row at a time.

use crate::cpu::lanes::{Lanes, for_each_instruction_set};
use crate::cpu::math;
use crate::plan::Activation;

for_each_instruction_set! {
    /// output = activation(gate) * up
    fn apply(gate: &[f32], up: &[f32], activation: Activation, output: &mut [f32]) = apply_body
}

#[inline(always)]
fn apply_body<L: Lanes>(gate: &[f32], up: &[f32], activation: Activation, output: &mut [f32]) {
    let all = output.iter_mut().zip(gate).zip(up);
    match activation {
        Activation::Silu => all.for_each(|((output, gate), up)| *output = math::silu(*gate) * up),
        Activation::GeluTanh => all.for_each(|((output, gate), up)| *output = math::gelu_tanh(*gate) * up),
    }
}

for_each_instruction_set! {
    /// Adds the derivatives by gate and up, where `gradient` is that by the output.
    fn go_back(
        gate: &[f32],
        up: &[f32],
        activation: Activation,
        gradient: &[f32],
        to_gate: &mut [f32],
        to_up: &mut [f32],
    ) = go_back_body
}

#[inline(always)]
fn go_back_body<L: Lanes>(
    gate: &[f32],
    up: &[f32],
    activation: Activation,
    gradient: &[f32],
    to_gate: &mut [f32],
    to_up: &mut [f32],
) {
    let all = gate.iter().zip(up).zip(gradient).zip(to_gate.iter_mut().zip(to_up));
    match activation {
        Activation::Silu => all.for_each(|(((gate, up), gradient), (to_gate, to_up))| {
            let sigmoid = 1.0 / (1.0 + math::exp(-gate));
            *to_up += gradient * gate * sigmoid;
            *to_gate += gradient * up * sigmoid * (1.0 + gate * (1.0 - sigmoid));
        }),
        Activation::GeluTanh => all.for_each(|(((gate, up), gradient), (to_gate, to_up))| {
            // See `math::gelu_tanh`: x * sigmoid(t(x)).
            const TWICE_ROOT: f32 = 1.595_769;
            let square = gate * gate;
            let sigmoid = 1.0 / (1.0 + math::exp(-TWICE_ROOT * (gate + 0.044_715 * square * gate)));
            let slope = TWICE_ROOT * (1.0 + 3.0 * 0.044_715 * square);
            *to_up += gradient * gate * sigmoid;
            *to_gate += gradient * up * sigmoid * (1.0 + gate * (1.0 - sigmoid) * slope);
        }),
    }
}
