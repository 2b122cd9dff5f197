//! Root-mean-square norm (Zhang & Sennrich 2019) and its derivative, a row at a time.

use crate::cpu::lanes::{Lanes, for_each_instruction_set};
use crate::cpu::math;

for_each_instruction_set! {
    /// output = input * inverse * weight in each group of `weight.len()` values; `inverses` are one over the roots of the mean
    /// squares.
    fn normalize(input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32], inverses: &mut [f32]) = normalize_body
}

#[inline(always)]
fn normalize_body<L: Lanes>(input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32], inverses: &mut [f32]) {
    let size = weight.len();
    let groups = input.chunks_exact(size).zip(output.chunks_exact_mut(size));
    for ((input, output), inverse) in groups.zip(inverses) {
        *inverse = 1.0 / (math::dot(input, input) / size as f32 + epsilon).sqrt();
        for ((output, input), weight) in output.iter_mut().zip(input).zip(weight) {
            *output = input * *inverse * weight;
        }
    }
}

for_each_instruction_set! {
    /// `to_input` += the derivative by the input, where `gradient` is that by the output.
    fn go_back(input: &[f32], weight: &[f32], inverses: &[f32], gradient: &[f32], to_input: &mut [f32]) = go_back_body
}

#[inline(always)]
fn go_back_body<L: Lanes>(input: &[f32], weight: &[f32], inverses: &[f32], gradient: &[f32], to_input: &mut [f32]) {
    let size = weight.len();
    let groups = input.chunks_exact(size).zip(gradient.chunks_exact(size)).zip(to_input.chunks_exact_mut(size));
    for (((input, gradient), to_input), inverse) in groups.zip(inverses) {
        let mut sums = [0.0_f32; 16];
        let lanes = input.chunks_exact(16).zip(gradient.chunks_exact(16)).zip(weight.chunks_exact(16));
        for ((input, gradient), weight) in lanes {
            for lane in 0..16 {
                sums[lane] += input[lane] * gradient[lane] * weight[lane];
            }
        }
        let whole = size / 16 * 16;
        let rest: f32 = (whole..size).map(|place| input[place] * gradient[place] * weight[place]).sum();
        let shared = (rest + sums.iter().sum::<f32>()) * inverse * inverse / size as f32;
        let all = to_input.iter_mut().zip(input).zip(gradient.iter().zip(weight));
        for ((to_input, input), (gradient, weight)) in all {
            *to_input += inverse * (gradient * weight - input * shared);
        }
    }
}

for_each_instruction_set! {
    /// `to_weight` += the derivative by the weight.
    fn go_back_to_weight(input: &[f32], inverses: &[f32], gradient: &[f32], to_weight: &mut [f32]) = to_weight_body
}

#[inline(always)]
fn to_weight_body<L: Lanes>(input: &[f32], inverses: &[f32], gradient: &[f32], to_weight: &mut [f32]) {
    let size = to_weight.len();
    let groups = input.chunks_exact(size).zip(gradient.chunks_exact(size)).zip(inverses);
    for ((input, gradient), inverse) in groups {
        for ((to_weight, input), gradient) in to_weight.iter_mut().zip(input).zip(gradient) {
            *to_weight += gradient * input * inverse;
        }
    }
}
