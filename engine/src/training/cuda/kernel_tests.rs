//! Each kernel against what the processor computes, where there is no GPU: see [`super::emulation`].

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::ops::Range;
use std::sync::Arc;

use half::bf16;

use super::attention::Attention;
use super::dequantization::{dequantize, embed};
use super::driver::{Driver, Element};
use super::emulation::Emulation;
use super::kernels::{format_name, tile_rows};
use super::operations;
use super::tensor::Tensor;
use super::tiles_of;
use crate::plan::{Activation, RopePairing};
use crate::quantization::BlockType;
use crate::training::program::Heads;
use crate::training::random::fill_evenly;
use crate::training::{AdamW, AdamWSettings, Parameters};

/// How far a number of 16 bits is from what it stands for, relatively.
const HALF_BIT: f32 = 1.0 / 256.0;

fn numbers(operation: u32, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    fill_evenly(11, operation, 1.0, &mut values);
    // As numbers of 16 bits, so that both sides begin with the same.
    values.iter().map(|value| bf16::from_f32(*value).to_f32()).collect()
}

fn of(driver: &Arc<dyn Driver>, values: &[f32], rows: usize) -> Tensor {
    Tensor::of(driver, Element::F32, values).unwrap().matrix(&(0..values.len()), rows, values.len() / rows)
}

fn half_of(driver: &Arc<dyn Driver>, values: &[f32], rows: usize) -> Tensor {
    let halves: Vec<bf16> = values.iter().map(|value| bf16::from_f32(*value)).collect();
    Tensor::of(driver, Element::Bf16, &halves).unwrap().matrix(&(0..values.len()), rows, values.len() / rows)
}

fn values_of(tensor: &Tensor) -> Vec<f32> {
    match tensor.element {
        Element::Bf16 => tensor.download::<bf16>().unwrap().iter().map(|value| value.to_f32()).collect(),
        _ => tensor.download().unwrap(),
    }
}

/// Every value is off by at most `bound` times the largest of all.
#[track_caller]
fn check(what: &str, found: &[f32], expected: &[f32], bound: f32) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().map(|value| value.abs()).fold(0.0, f32::max);
    assert!(largest > 0.0, "{what}: there is nothing to compare with");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= bound * largest, "{what}, value {place}: {found}, not {expected}");
    }
}

#[test]
fn norms_and_their_derivatives() {
    let driver = Emulation::driver(32);
    let (rows, size, epsilon) = (7, 48, 1e-5_f32);
    for groups in [1, 3] {
        for element in [Element::F32, Element::Bf16] {
            let columns = groups * size;
            let (input, weight, gradient) = (numbers(1, rows * columns), numbers(2, size), numbers(3, rows * columns));
            let before = numbers(4, rows * columns);
            let make = |values: &[f32]| match element {
                Element::F32 => of(&driver, values, rows),
                _ => half_of(&driver, values, rows),
            };
            let (device_input, device_weight) = (make(&input), of(&driver, &weight, 1));
            let output = Tensor::new(&driver, Element::Bf16, rows, columns).unwrap();
            let inverses = Tensor::new(&driver, Element::F32, rows, groups).unwrap();
            operations::norm(&device_input, &device_weight, epsilon, &output, &inverses).unwrap();
            let (to_input, device_gradient) = (make(&before), half_of(&driver, &gradient, rows));
            operations::norm_back(&device_input, &device_weight, &inverses, &device_gradient, &to_input).unwrap();
            let to_weight = of(&driver, &weight, 1);
            operations::norm_back_to_weight(&device_input, &inverses, &device_gradient, &to_weight).unwrap();

            let (mut expected, mut back, mut back_to_weight) = (vec![0.0; rows * columns], before, weight.clone());
            for first in (0..rows * columns).step_by(size) {
                let (input, gradient) = (&input[first..first + size], &gradient[first..first + size]);
                let mean = input.iter().map(|value| value * value).sum::<f32>() / size as f32;
                let inverse = 1.0 / (mean + epsilon).sqrt();
                let dot: f32 = (0..size).map(|at| input[at] * gradient[at] * weight[at]).sum();
                for at in 0..size {
                    expected[first + at] = input[at] * inverse * weight[at];
                    back[first + at] +=
                        inverse * (gradient[at] * weight[at] - input[at] * inverse * inverse * dot / size as f32);
                    back_to_weight[at] += gradient[at] * input[at] * inverse;
                }
            }
            check("norm", &values_of(&output), &expected, HALF_BIT);
            let bound = if element == Element::F32 { 1e-5 } else { HALF_BIT };
            check("by input", &values_of(&to_input), &back, bound);
            check("by weight", &values_of(&to_weight), &back_to_weight, 1e-5);
        }
    }
}

#[test]
fn rotations_there_and_back() {
    let driver = Emulation::driver(32);
    let (rows, heads, head_size, pairs) = (5, 3, 32, 12);
    let input = numbers(1, rows * heads * head_size);
    let turns = numbers(2, rows * pairs);
    let angles: Vec<f32> = turns.iter().flat_map(|turn| [turn.cos(), turn.sin()]).collect();
    let device_angles = of(&driver, &angles, 1);
    for pairing in [RopePairing::Neighbours, RopePairing::Halves] {
        let values = half_of(&driver, &input, rows);
        operations::rope(&values, head_size, pairing, pairs, &device_angles, false).unwrap();
        let mut expected = input.clone();
        for (row, angles) in expected.chunks_exact_mut(heads * head_size).zip(angles.chunks_exact(2 * pairs)) {
            let angles: Vec<(f32, f32)> = angles.chunks_exact(2).map(|angle| (angle[0], angle[1])).collect();
            crate::cpu::elementwise::rotate(row, head_size, pairing, &angles);
        }
        check("there", &values_of(&values), &expected, HALF_BIT);
        operations::rope(&values, head_size, pairing, pairs, &device_angles, true).unwrap();
        check("back", &values_of(&values), &input, 2.0 * HALF_BIT);
    }
}

#[test]
fn gates_and_their_derivatives() {
    let driver = Emulation::driver(32);
    let (rows, columns) = (5, 70);
    // Gates and ups beside each other, as one product gives them.
    let both: Vec<f32> = numbers(1, rows * 2 * columns).iter().map(|value| 4.0 * value).collect();
    let gradient = numbers(2, rows * columns);
    for activation in [Activation::Silu, Activation::GeluTanh] {
        let values = half_of(&driver, &both, rows);
        let (gates, ups) = (values.part(0, columns), values.part(columns, columns));
        let output = Tensor::new(&driver, Element::Bf16, rows, columns).unwrap();
        operations::gate(&gates, &ups, activation, &output).unwrap();
        let back = Tensor::zeros(&driver, Element::Bf16, rows, 2 * columns).unwrap();
        let (to_gates, to_ups) = (back.part(0, columns), back.part(columns, columns));
        let device_gradient = half_of(&driver, &gradient, rows);
        operations::gate_back((&gates, &to_gates), (&ups, &to_ups), activation, &device_gradient).unwrap();

        let function = |x: f64| match activation {
            Activation::Silu => x / (1.0 + (-x).exp()),
            Activation::GeluTanh => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
            }
        };
        let (mut expected, mut expected_back) = (Vec::new(), vec![0.0; both.len()]);
        for row in 0..rows {
            for column in 0..columns {
                let place = row * 2 * columns + column;
                let (x, up) = (f64::from(both[place]), f64::from(both[place + columns]));
                let behind = f64::from(gradient[row * columns + column]);
                expected.push((function(x) * up) as f32);
                let slope = (function(x + 1e-4) - function(x - 1e-4)) / 2e-4;
                expected_back[place] = (behind * up * slope) as f32;
                expected_back[place + columns] = (behind * function(x)) as f32;
            }
        }
        check("gate", &values_of(&output), &expected, HALF_BIT);
        check("derivatives", &values_of(&back), &expected_back, HALF_BIT);
    }
}

/// Attention as its definition has it, in double precision: output, and derivatives by query, key and value.
fn plain_attention(
    [query, key, value, gradient]: [&[f32]; 4],
    heads: Heads,
    sequences: &[Range<usize>],
) -> [Vec<f32>; 4] {
    let Heads { query: query_heads, key_value, size, scale, window } = heads;
    let (wide, narrow) = (query_heads * size, key_value * size);
    let mut output = vec![0.0_f32; query.len()];
    let (mut to_query, mut to_key, mut to_value) =
        (vec![0.0_f32; query.len()], vec![0.0_f32; key.len()], vec![0.0_f32; value.len()]);
    let product = |one: &[f32], other: &[f32]| {
        one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum::<f64>()
    };
    for sequence in sequences {
        for (token, head) in sequence.clone().flat_map(|token| (0..query_heads).map(move |head| (token, head))) {
            let at = token * wide + head * size;
            let place = |key: usize| key * narrow + head / (query_heads / key_value) * size;
            let first = window.map_or(sequence.start, |window| sequence.start.max((token + 1).saturating_sub(window)));
            let seen: Vec<usize> = (first..=token).collect();
            let scores: Vec<f64> = seen
                .iter()
                .map(|other| f64::from(scale) * product(&query[at..at + size], &key[place(*other)..][..size]))
                .collect();
            let total: f64 = scores.iter().map(|score| score.exp()).sum();
            let weights: Vec<f64> = scores.iter().map(|score| score.exp() / total).collect();
            let slopes: Vec<f64> =
                seen.iter().map(|other| product(&gradient[at..at + size], &value[place(*other)..][..size])).collect();
            let mean: f64 = weights.iter().zip(&slopes).map(|(weight, slope)| weight * slope).sum();
            for ((other, weight), slope) in seen.iter().zip(&weights).zip(&slopes) {
                let to_score = weight * (slope - mean) * f64::from(scale);
                for column in 0..size {
                    let other = place(*other) + column;
                    output[at + column] += (weight * f64::from(value[other])) as f32;
                    to_value[other] += (weight * f64::from(gradient[at + column])) as f32;
                    to_query[at + column] += (to_score * f64::from(key[other])) as f32;
                    to_key[other] += (to_score * f64::from(query[at + column])) as f32;
                }
            }
        }
    }
    [output, to_query, to_key, to_value]
}

#[test]
fn attention_and_its_derivatives() {
    for (size, query_heads, key_value, window) in
        [(64, 4, 2, None), (32, 2, 2, Some(9)), (128, 2, 1, Some(40)), (256, 2, 1, None)]
    {
        let driver = Emulation::driver(size);
        let heads = Heads { query: query_heads, key_value, size, scale: 2.0 / (size as f32).sqrt(), window };
        let sequences = [0..71, 71..72, 72..105];
        let (tokens, wide, narrow) = (105, query_heads * size, key_value * size);
        // Query, key and value beside each other, as one product gives them.
        let stride = wide + 2 * narrow;
        let all = numbers(1, tokens * stride);
        let part = |first: usize, columns: usize| -> Vec<f32> {
            all.chunks_exact(stride).flat_map(|row| row[first..first + columns].to_vec()).collect()
        };
        let gradient = numbers(2, tokens * wide);
        let expected = plain_attention(
            [&part(0, wide), &part(wide, narrow), &part(wide + narrow, narrow), &gradient],
            heads,
            &sequences,
        );

        let values = half_of(&driver, &all, tokens);
        let parts = |of: &Tensor| [of.part(0, wide), of.part(wide, narrow), of.part(wide + narrow, narrow)];
        let [query, key, value] = parts(&values);
        let tiles = tiles_of(&driver, &sequences, tile_rows(size)).unwrap();
        let attention = Attention { query: &query, key: &key, value: &value, heads, tiles: &tiles };
        let output = Tensor::new(&driver, Element::Bf16, tokens, wide).unwrap();
        let log_sums = Tensor::new(&driver, Element::F32, tokens, query_heads).unwrap();
        attention.forward(&output, &log_sums).unwrap();
        let back = Tensor::zeros(&driver, Element::Bf16, tokens, stride).unwrap();
        let [to_query, to_key, to_value] = parts(&back);
        let means = Tensor::new(&driver, Element::F32, tokens, query_heads).unwrap();
        let device_gradient = half_of(&driver, &gradient, tokens);
        let places = [&to_query, &to_key, &to_value];
        attention.backward((&output, &device_gradient), &log_sums, &means, places).unwrap();
        check("attention", &values_of(&output), &expected[0], HALF_BIT);
        let back = values_of(&back);
        for (name, first, columns, expected) in [
            ("by query", 0, wide, &expected[1]),
            ("by key", wide, narrow, &expected[2]),
            ("by value", wide + narrow, narrow, &expected[3]),
        ] {
            let found: Vec<f32> =
                back.chunks_exact(stride).flat_map(|row| row[first..first + columns].to_vec()).collect();
            check(name, &found, expected, 2.0 * HALF_BIT);
        }
    }
}

#[test]
fn losses_and_their_derivatives() {
    let driver = Emulation::driver(32);
    let (rows, columns) = (3, 515);
    let logits: Vec<f32> = numbers(1, rows * columns).iter().map(|value| 20.0 * value).collect();
    let (targets, scales) = ([3_u32, 514, 0], [0.5_f32, -2.0, 1.0]);
    let losses = Tensor::new(&driver, Element::F32, 1, rows).unwrap();
    let gradient = Tensor::new(&driver, Element::Bf16, rows, columns).unwrap();
    let (device_targets, device_scales) =
        (Tensor::of(&driver, Element::U32, &targets).unwrap(), of(&driver, &scales, 1));
    let device_logits = of(&driver, &logits, rows);
    operations::cross_entropy(&device_logits, &device_targets, &device_scales, &losses, Some(&gradient)).unwrap();
    let (mut expected, mut expected_gradient) = (Vec::new(), Vec::new());
    for (row, (target, scale)) in logits.chunks_exact(columns).zip(targets.iter().zip(scales)) {
        let total: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        expected.push((total.ln() - f64::from(row[*target as usize])) as f32);
        let share = |(place, logit): (usize, &f32)| {
            scale * ((f64::from(*logit).exp() / total) as f32 - if place == *target as usize { 1.0 } else { 0.0 })
        };
        expected_gradient.extend(row.iter().enumerate().map(share));
    }
    check("losses", &values_of(&losses), &expected, 1e-6);
    check("by logits", &values_of(&gradient), &expected_gradient, HALF_BIT);
    // Without a place for it there is no derivative.
    operations::cross_entropy(&device_logits, &device_targets, &device_scales, &losses, None).unwrap();
    check("losses alone", &values_of(&losses), &expected, 1e-6);
}

#[test]
fn weights_of_every_format() {
    let driver = Emulation::driver(32);
    let (rows, columns) = (5, 512);
    for block_type in BlockType::ALL {
        let mut blocks: Vec<u8> =
            (0..rows * block_type.row_bytes(columns)).map(|at| (at * 73 + at / 7 + 41) as u8).collect();
        // Scales are no infinities: the highest bit of their exponent is taken away.
        blocks.chunks_exact_mut(block_type.size_bytes()).for_each(|block| {
            let places: &[usize] = match block_type {
                BlockType::F32 => &[3],
                BlockType::Q6K => &[209],
                BlockType::Q4_0 | BlockType::Q5_0 | BlockType::Q8_0 | BlockType::F16 => &[1],
                _ => &[1, 3],
            };
            places.iter().for_each(|place| block[*place] &= 0xBF);
        });
        let mut expected = vec![0.0; rows * columns];
        block_type.dequantize(&blocks, &mut expected);
        let device_blocks = Tensor::of(&driver, Element::U8, &blocks).unwrap();
        let values = Tensor::new(&driver, Element::Bf16, rows, columns).unwrap();
        dequantize(format_name(block_type), &device_blocks, &values).unwrap();
        for (found, expected) in values_of(&values).iter().zip(&expected) {
            assert_eq!(*found, bf16::from_f32(*expected).to_f32(), "{block_type}");
        }
        let tokens = Tensor::of(&driver, Element::U32, &[4_u32, 0, 4]).unwrap();
        let output = Tensor::new(&driver, Element::F32, 3, columns).unwrap();
        embed(format_name(block_type), &device_blocks, &tokens, 1.5, &output).unwrap();
        let rows = [4, 0, 4].map(|row| expected[row * columns..(row + 1) * columns].to_vec()).concat();
        let scaled: Vec<f32> = rows.iter().map(|value| value * 1.5).collect();
        assert_eq!(values_of(&output), scaled, "{block_type}");
    }
}

#[test]
fn rows_and_sums() {
    let driver = Emulation::driver(32);
    let (rows, columns) = (6, 40);
    let (stream, few) = (numbers(1, rows * columns), numbers(2, 2 * columns));
    let device_stream = of(&driver, &stream, rows);
    let numbers_of_rows = Tensor::of(&driver, Element::U32, &[5_u32, 2]).unwrap();
    let gathered = Tensor::new(&driver, Element::F32, 2, columns).unwrap();
    operations::gather_rows(&device_stream, &numbers_of_rows, &gathered).unwrap();
    let row = |row: usize| &stream[row * columns..(row + 1) * columns];
    assert_eq!(values_of(&gathered), [row(5), row(2)].concat());
    operations::scatter_rows(&device_stream, &numbers_of_rows, &of(&driver, &few, 2)).unwrap();
    let mut expected = stream.clone();
    for (place, value) in few.iter().enumerate() {
        expected[[5, 2][place / columns] * columns + place % columns] += value;
    }
    assert_eq!(values_of(&device_stream), expected);

    // Token 7 in rows 0 and 3, token 1 in row 2.
    let table = Tensor::zeros(&driver, Element::F32, 9, columns).unwrap();
    let lists: [&[u32]; 3] = [&[7, 1], &[0, 2, 3], &[0, 3, 2]];
    let lists = lists.map(|list| Tensor::of(&driver, Element::U32, list).unwrap());
    let gradient = of(&driver, &stream, rows);
    operations::embed_back(&table, [&lists[0], &lists[1], &lists[2]], 2.0, &gradient).unwrap();
    let table = values_of(&table);
    for column in 0..columns {
        assert_eq!(table[7 * columns + column], 2.0 * (row(0)[column] + row(3)[column]));
        assert_eq!(table[columns + column], 2.0 * row(2)[column]);
    }
    assert!(table[2 * columns..3 * columns].iter().all(|value| *value == 0.0));

    for (to, from) in [(Element::F32, Element::Bf16), (Element::Bf16, Element::F32), (Element::Bf16, Element::Bf16)] {
        let make = |element, values: &[f32]| match element {
            Element::F32 => of(&driver, values, 1),
            _ => half_of(&driver, values, 1),
        };
        let (one, other) = (make(to, &stream[..80]), make(from, &few));
        operations::accumulate(&one, &other).unwrap();
        let sums: Vec<f32> = stream.iter().zip(&few).map(|(one, other)| one + other).collect();
        check("sums", &values_of(&one), &sums, HALF_BIT);
        operations::convert(&one, &other).unwrap();
        assert_eq!(values_of(&one), few);
    }
}

#[test]
fn adam_w_and_lengths_of_gradients() {
    let driver = Emulation::driver(32);
    let settings = AdamWSettings { weight_decay: 0.1, ..AdamWSettings::default() };
    let count = 20_000;
    let mut parameters = Parameters::default();
    parameters.add("all".to_owned(), 1, count);
    (parameters.values, parameters.gradients) = (numbers(1, count), numbers(2, count));
    let mut optimizer = AdamW::new(settings, &parameters);
    (optimizer.means, optimizer.squares) = (numbers(3, count), numbers(4, count).iter().map(|it| it * it).collect());
    optimizer.steps = 9;
    let tensors = [&parameters.values, &parameters.gradients, &optimizer.means, &optimizer.squares]
        .map(|values| of(&driver, values, 1));
    let copies = Tensor::new(&driver, Element::Bf16, 1, count).unwrap();
    let sums = Tensor::new(&driver, Element::F64, 1, count.div_ceil(operations::CHUNK)).unwrap();
    operations::square_sums(&tensors[1], &sums).unwrap();
    let found = sums.download::<f64>().unwrap().iter().sum::<f64>().sqrt();
    let factors = optimizer.settings.rates(10, found, 0.01);
    operations::adam_w([0, 1, 2, 3].map(|place| &tensors[place]), &copies, &factors).unwrap();
    let expected = optimizer.step(&mut parameters, 0.01);
    assert!((found - expected).abs() < 1e-9 * expected, "{found} {expected}");
    check("values", &values_of(&tensors[0]), &parameters.values, 1e-6);
    check("means", &values_of(&tensors[2]), &optimizer.means, 1e-6);
    check("squares", &values_of(&tensors[3]), &optimizer.squares, 1e-6);
    for (copy, value) in values_of(&copies).iter().zip(values_of(&tensors[0])) {
        assert_eq!(*copy, bf16::from_f32(value).to_f32());
    }
}
