//! How GGUF stores weights: one block type per file, each with its layout and its meaning in plain code.
//!
//! A row of a tensor is a run of blocks; a block holds [`BlockType::values`] weights in [`BlockType::size_bytes`]
//! bytes (layouts: ggml `ggml-common.h`). The functions here are the reference that every kernel is tested against.

mod f16;
mod f32;
mod q4_0;
mod q4_1;
mod q4_k;
mod q5_0;
mod q5_1;
mod q5_k;
mod q6_k;
mod q8_0;

pub use q4_k::scale_and_minimum as k_scale_and_minimum;

/// A weight format the engine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlockType {
    /// Plain 32-bit floats.
    F32,
    /// Plain 16-bit floats.
    F16,
    /// 32 weights: scale, 4-bit values around zero.
    Q4_0,
    /// 32 weights: scale and minimum, 4-bit values.
    Q4_1,
    /// 32 weights: scale, 5-bit values around zero.
    Q5_0,
    /// 32 weights: scale and minimum, 5-bit values.
    Q5_1,
    /// 32 weights: scale, 8-bit values.
    Q8_0,
    /// 256 weights: 8 sub-blocks with 6-bit scales and minimums, 4-bit values.
    Q4K,
    /// 256 weights: 8 sub-blocks with 6-bit scales and minimums, 5-bit values.
    Q5K,
    /// 256 weights: 16 sub-blocks with 8-bit scales, 6-bit values around zero.
    Q6K,
}

impl BlockType {
    /// Every format, for tests and tables.
    pub const ALL: [Self; 10] = [
        Self::F32,
        Self::F16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// The format with this number in a GGUF tensor index.
    pub fn from_gguf_id(id: u32) -> Option<Self> {
        Some(match id {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            _ => return None,
        })
    }

    /// Its number in a GGUF tensor index.
    pub fn gguf_id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
            Self::Q4K => 12,
            Self::Q5K => 13,
            Self::Q6K => 14,
        }
    }

    /// Weights in one block.
    pub const fn values(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub const fn size_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of a row of `columns` weights; `columns` is a multiple of [`BlockType::values`].
    pub const fn row_bytes(self, columns: usize) -> usize {
        columns / self.values() * self.size_bytes()
    }

    /// Writes the weights of `blocks` to `values`. The lengths must match whole blocks.
    ///
    /// # Panics
    /// Where the lengths don't match.
    pub fn dequantize(self, blocks: &[u8], values: &mut [f32]) {
        assert_eq!(blocks.len(), self.row_bytes(values.len()), "{self}: whole blocks");
        let decode: fn(&[u8], &mut [f32]) = match self {
            Self::F32 => f32::dequantize,
            Self::F16 => f16::dequantize,
            Self::Q4_0 => q4_0::dequantize,
            Self::Q4_1 => q4_1::dequantize,
            Self::Q5_0 => q5_0::dequantize,
            Self::Q5_1 => q5_1::dequantize,
            Self::Q8_0 => q8_0::dequantize,
            Self::Q4K => q4_k::dequantize,
            Self::Q5K => q5_k::dequantize,
            Self::Q6K => q6_k::dequantize,
        };
        for (block, values) in blocks.chunks_exact(self.size_bytes()).zip(values.chunks_exact_mut(self.values())) {
            decode(block, values);
        }
    }
}

impl std::fmt::Display for BlockType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&gguf_type_name(self.gguf_id()))
    }
}

/// What the GGUF world calls type number `id`.
pub fn gguf_type_name(id: u32) -> String {
    let name = match id {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        30 => "BF16",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("number {id}"),
    };
    name.to_owned()
}

/// The 16-bit float at `offset` of a block.
fn half_at(block: &[u8], offset: usize) -> f32 {
    half::f16::from_le_bytes([block[offset], block[offset + 1]]).to_f32()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block of each type written out by hand from the format's definition.
    #[track_caller]
    fn check(block_type: BlockType, block: &[u8], expected: impl Fn(usize) -> f32) {
        let mut values = vec![0.0; block_type.values()];
        block_type.dequantize(block, &mut values);
        for (index, value) in values.iter().enumerate() {
            assert_eq!(*value, expected(index), "{block_type}, weight {index}");
        }
    }

    fn half_bytes(value: f32) -> [u8; 2] {
        half::f16::from_f32(value).to_le_bytes()
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 73 + 41) as u8).collect()
    }

    #[test]
    fn four_and_five_bits_come_from_two_halves() {
        let nibbles = pattern(16);
        let nibble = |index: usize| {
            let byte = nibbles[index % 16];
            f32::from(if index < 16 { byte & 15 } else { byte >> 4 })
        };
        let high = 0xA5F0_3C69_u32;
        let fifth = |index: usize| if high >> index & 1 == 1 { 16.0 } else { 0.0 };
        let (scale, minimum) = (half_bytes(0.5), half_bytes(-3.0));
        check(BlockType::Q4_0, &[&scale[..], &nibbles].concat(), |i| 0.5 * (nibble(i) - 8.0));
        check(BlockType::Q4_1, &[&scale[..], &minimum, &nibbles].concat(), |i| 0.5 * nibble(i) - 3.0);
        check(BlockType::Q5_0, &[&scale[..], &high.to_le_bytes(), &nibbles].concat(), |i| {
            0.5 * (nibble(i) + fifth(i) - 16.0)
        });
        check(BlockType::Q5_1, &[&scale[..], &minimum, &high.to_le_bytes(), &nibbles].concat(), |i| {
            0.5 * (nibble(i) + fifth(i)) - 3.0
        });
    }

    #[test]
    fn eight_bits_are_signed() {
        let bytes = pattern(32);
        check(BlockType::Q8_0, &[&half_bytes(0.25)[..], &bytes].concat(), |i| 0.25 * f32::from(bytes[i] as i8));
    }

    #[test]
    fn plain_floats_are_themselves() {
        check(BlockType::F32, &1.25_f32.to_le_bytes(), |_| 1.25);
        check(BlockType::F16, &half_bytes(-0.75), |_| -0.75);
    }

    #[test]
    fn k_blocks_hold_six_bit_scales() {
        // Scales 1..=8 and minimums 33..=40, packed as ggml packs them.
        let (scales, minimums): (Vec<u8>, Vec<u8>) = ((1..=8).collect(), (33..=40).collect());
        let mut packed = [0_u8; 12];
        for i in 0..4 {
            packed[i] = scales[i] & 63 | (scales[i + 4] >> 4) << 6;
            packed[i + 4] = minimums[i] & 63 | (minimums[i + 4] >> 4) << 6;
            packed[i + 8] = scales[i + 4] & 15 | (minimums[i + 4] & 15) << 4;
        }
        let quants = pattern(128);
        let nibble = |index: usize| {
            let byte = quants[index / 64 * 32 + index % 32];
            f32::from(if index % 64 < 32 { byte & 15 } else { byte >> 4 })
        };
        let sub = |list: &[u8], index: usize| f32::from(list[index / 32]);
        let head = [&half_bytes(0.5)[..], &half_bytes(0.25), &packed].concat();
        check(BlockType::Q4K, &[&head[..], &quants].concat(), |i| {
            0.5 * sub(&scales, i) * nibble(i) - 0.25 * sub(&minimums, i)
        });
        let high = pattern(32);
        let fifth = |index: usize| f32::from(high[index % 32] >> (index / 32) & 1) * 16.0;
        check(BlockType::Q5K, &[&head[..], &high, &quants].concat(), |i| {
            0.5 * sub(&scales, i) * (nibble(i) + fifth(i)) - 0.25 * sub(&minimums, i)
        });
    }

    #[test]
    fn six_bits_are_four_and_two() {
        let (low, high) = (pattern(128), pattern(64));
        let scales: Vec<u8> = (0..16).map(|i| (i * 5 - 40) as i8 as u8).collect();
        let block = [&low[..], &high, &scales, &half_bytes(0.125)].concat();
        check(BlockType::Q6K, &block, |i| {
            let (half, within) = (i / 128, i % 128);
            let byte = low[half * 64 + within % 64];
            let four = if within < 64 { byte & 15 } else { byte >> 4 };
            let two = high[half * 32 + within % 32] >> (within / 32 * 2) & 3;
            let value = f32::from((four | two << 4) as i8 - 32);
            0.125 * f32::from(scales[i / 16] as i8) * value
        });
    }
}
