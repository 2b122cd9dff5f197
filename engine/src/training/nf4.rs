//! NF4 with double quantization (QLoRA, Dettmers et al. 2023), bit by bit as bitsandbytes computes it: 64 values in a row share
//! a scale, their largest absolute value, and each becomes the nearest of sixteen quantiles of a normal distribution. The scales,
//! less their mean, are stored in 8 bits in the same way, 256 at a time.

use std::ops::Range;

use rayon::prelude::*;

use super::dynamic_map::{dynamic_map, nearest};

/// Values that share a scale.
pub(super) const BLOCK: usize = 64;
/// Scales that share one of their own.
pub(super) const SCALES_BLOCK: usize = 256;
/// A block of nothing but zeros is divided by this.
const SMALLEST_SCALE: f32 = 1e-38;

/// What the sixteen codes mean (appendix E of the paper).
pub(super) const LEVELS: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// Values in four bits each.
#[derive(Clone, Debug, PartialEq)]
pub struct Nf4 {
    pub(super) length: usize,
    /// Two codes in a byte, the first in the upper half.
    pub(super) codes: Vec<u8>,
    pub(super) scales: Scales,
}

/// What each block is multiplied by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scales {
    Plain(Vec<f32>),
    /// The mean of all, and what each is more than that: codes of the dynamic map, and a scale for 256 of them.
    Quantized {
        codes: Vec<u8>,
        scales: Vec<f32>,
        mean: f32,
    },
}

impl Nf4 {
    /// Stores values in four bits and an eighth, or in four and a half without double quantization.
    pub fn quantize(values: &[f32], double_quantization: bool) -> Self {
        let (codes, scales) = quantize_blocks(values);
        let scales = if double_quantization {
            let mean = scales.iter().map(|scale| f64::from(*scale)).sum::<f64>() / scales.len().max(1) as f64;
            Scales::quantize(&scales, mean as f32)
        } else {
            Scales::Plain(scales)
        };
        Self { length: values.len(), codes, scales }
    }

    /// Values `range` as they are multiplied with.
    ///
    /// # Panics
    /// `values` is not as long as `range`, or `range` not within what was stored.
    pub fn dequantize(&self, range: Range<usize>, values: &mut [f32]) {
        assert!(range.len() == values.len() && range.end <= self.length, "values are within those that were stored");
        let mut place = range.start;
        let mut rest = values;
        while !rest.is_empty() {
            let count = rest.len().min(BLOCK - place % BLOCK);
            let (block, behind) = rest.split_at_mut(count);
            let scale = self.scales.get(place / BLOCK);
            for (value, place) in block.iter_mut().zip(place..) {
                let pair = self.codes[place / 2];
                *value = LEVELS[usize::from(if place % 2 == 0 { pair >> 4 } else { pair & 15 })] * scale;
            }
            place += count;
            rest = behind;
        }
    }

    /// Bytes that it takes in memory.
    pub fn size_bytes(&self) -> usize {
        let scales = match &self.scales {
            Scales::Plain(scales) => 4 * scales.len(),
            Scales::Quantized { codes, scales, .. } => codes.len() + 4 * scales.len() + 4,
        };
        self.codes.len() + scales
    }
}

impl Scales {
    fn quantize(scales: &[f32], mean: f32) -> Self {
        let map = dynamic_map();
        let mut codes = Vec::with_capacity(scales.len());
        let mut outer = Vec::with_capacity(scales.len().div_ceil(SCALES_BLOCK));
        for block in scales.chunks(SCALES_BLOCK) {
            let above: Vec<f32> = block.iter().map(|scale| scale - mean).collect();
            let (scale, scaled) = scaled(&above, SCALES_BLOCK);
            outer.push(scale);
            codes.extend(scaled.iter().map(|value| nearest(map, *value)));
        }
        Self::Quantized { codes, scales: outer, mean }
    }

    fn get(&self, block: usize) -> f32 {
        match self {
            Self::Plain(scales) => scales[block],
            Self::Quantized { codes, scales, mean } => {
                dynamic_map()[usize::from(codes[block])] * scales[block / SCALES_BLOCK] + mean
            }
        }
    }
}

/// Codes, two in a byte, and the scale of each block.
fn quantize_blocks(values: &[f32]) -> (Vec<u8>, Vec<f32>) {
    let blocks: Vec<(Vec<u8>, f32)> = values
        .par_chunks(BLOCK)
        .map(|block| {
            let (scale, scaled) = scaled(block, BLOCK);
            let code = |value: Option<&f32>| nearest(&LEVELS, value.copied().unwrap_or_default());
            let pairs = scaled.chunks(2).map(|pair| code(pair.first()) << 4 | code(pair.get(1)));
            (pairs.collect(), scale)
        })
        .collect();
    let codes = blocks.iter().flat_map(|(codes, _)| codes.iter().copied()).collect();
    (codes, blocks.iter().map(|(_, scale)| *scale).collect())
}

/// The largest absolute value of a block, and all of it divided by that. bitsandbytes multiplies whole blocks by the inverse and
/// divides the last one where it is shorter, which rounds otherwise.
fn scaled(block: &[f32], whole: usize) -> (f32, Vec<f32>) {
    let largest = block.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if block.len() == whole {
        let inverse = 1.0 / largest.max(SMALLEST_SCALE);
        (largest, block.iter().map(|value| (value * inverse).clamp(-1.0, 1.0)).collect())
    } else {
        let scale = largest.max(SMALLEST_SCALE);
        (scale, block.iter().map(|value| (value / scale).clamp(-1.0, 1.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights and what bitsandbytes made of them, by `tests/clients/fine_tuning/nf4_golden.py`.
    const GOLDEN: &str = include_str!("nf4_golden.json");

    #[derive(serde::Deserialize)]
    struct Golden {
        /// Of the dynamic map, bits of floats.
        map: Vec<u32>,
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        /// How often each value comes in a row, and so what is made of it.
        repeat: usize,
        /// Bits of floats.
        values: Vec<u32>,
        codes: Vec<u8>,
        scales: Vec<u32>,
        dequantized: Vec<u32>,
        mean: u32,
        scale_codes: Vec<u8>,
        outer_scales: Vec<u32>,
        dequantized_twice: Vec<u32>,
    }

    fn floats(bits: &[u32]) -> Vec<f32> {
        bits.iter().map(|bits| f32::from_bits(*bits)).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn repeated<T: Copy>(values: &[T], times: usize) -> Vec<T> {
        values.iter().flat_map(|value| std::iter::repeat_n(*value, times)).collect()
    }

    fn dequantized(stored: &Nf4) -> Vec<u32> {
        let mut values = vec![f32::NAN; stored.length];
        stored.dequantize(0..stored.length, &mut values);
        bits(&values)
    }

    /// The mean alone is not compared bit by bit: PyTorch's sum depends on the processor, ours is rounded once.
    #[test]
    fn bits_are_those_of_bitsandbytes() {
        let golden: Golden = serde_json::from_str(GOLDEN).unwrap();
        assert_eq!(bits(dynamic_map()), golden.map);
        assert!(golden.cases.len() >= 6);
        for case in golden.cases {
            let values = repeated(&floats(&case.values), case.repeat);
            let plain = Nf4::quantize(&values, false);
            assert_eq!(plain.codes, repeated(&case.codes, case.repeat.div_ceil(2)), "{}", case.name);
            assert_eq!(plain.scales, Scales::Plain(floats(&case.scales)), "{}", case.name);
            assert_eq!(dequantized(&plain), repeated(&case.dequantized, case.repeat), "{}", case.name);
            let mean = f32::from_bits(case.mean);
            let Scales::Quantized { mean: ours, .. } = Nf4::quantize(&values, true).scales else { unreachable!() };
            assert!((ours - mean).abs() <= mean.abs() * 2e-7, "{}: {ours} {mean}", case.name);
            let scales = Scales::quantize(&floats(&case.scales), mean);
            let (codes, outer) = (case.scale_codes, floats(&case.outer_scales));
            assert_eq!(scales, Scales::Quantized { codes, scales: outer, mean }, "{}", case.name);
            let twice = Nf4 { scales, ..plain };
            assert_eq!(dequantized(&twice), repeated(&case.dequantized_twice, case.repeat), "{}", case.name);
        }
    }

    #[test]
    fn parts_are_parts_of_the_whole() {
        let values: Vec<f32> = (0..1000).map(|place| (place as f32 * 0.7).sin() * place as f32).collect();
        let stored = Nf4::quantize(&values, true);
        let whole = dequantized(&stored);
        for range in [0..1, 63..65, 100..777, 999..1000, 5..5] {
            let mut part = vec![0.0; range.len()];
            stored.dequantize(range.clone(), &mut part);
            assert_eq!(bits(&part), whole[range]);
        }
        assert!(stored.size_bytes() < 1000 * 5 / 8);
    }
}
