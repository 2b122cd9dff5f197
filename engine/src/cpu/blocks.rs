//! Decodes each block type into lanes, 32 weights at a time.

use super::lanes::Lanes;
use crate::quantization::k_scale_and_minimum;

/// 32 decoded weights: weight = scale * words + minimum.
#[derive(Clone, Copy)]
pub(super) struct Unit<W> {
    pub(super) words: W,
    pub(super) scale: f32,
    pub(super) minimum: f32,
}

/// A block type whose weights are integers times a scale.
pub(super) trait Blocks {
    /// Bytes of a block.
    const BYTES: usize;
    /// Units of 32 weights in a block.
    const UNITS: usize;
    /// False where every minimum is zero.
    const HAS_MINIMUM: bool;
    /// Decodes unit `index` of `block`.
    fn unit<L: Lanes>(block: &[u8], index: usize) -> Unit<L::Words>;
}

/// The 16-bit float at `offset`. Exact for all finite values; the rest can't be in a sound file.
#[inline(always)]
fn half(block: &[u8], offset: usize) -> f32 {
    let bits = i32::from(i16::from_le_bytes([block[offset], block[offset + 1]]));
    // Sign and 10 + 5 bits move to their places in 32; the factor makes up for the exponents' different bias.
    f32::from_bits((bits << 13 & 0x8FFF_E000_u32.cast_signed()).cast_unsigned()) * 5.192_297e33
}

#[inline(always)]
fn word(block: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([block[offset], block[offset + 1], block[offset + 2], block[offset + 3]])
}

/// See `quantization/q4_0.rs`.
pub(super) struct Q4_0;
impl Blocks for Q4_0 {
    const BYTES: usize = 18;
    const UNITS: usize = 1;
    const HAS_MINIMUM: bool = false;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], _index: usize) -> Unit<L::Words> {
        Unit { words: L::subtract(L::nibbles(&block[2..]), 8), scale: half(block, 0), minimum: 0.0 }
    }
}

/// See `quantization/q4_1.rs`.
pub(super) struct Q4_1;
impl Blocks for Q4_1 {
    const BYTES: usize = 20;
    const UNITS: usize = 1;
    const HAS_MINIMUM: bool = true;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], _index: usize) -> Unit<L::Words> {
        Unit { words: L::nibbles(&block[4..]), scale: half(block, 0), minimum: half(block, 2) }
    }
}

/// See `quantization/q5_0.rs`.
pub(super) struct Q5_0;
impl Blocks for Q5_0 {
    const BYTES: usize = 22;
    const UNITS: usize = 1;
    const HAS_MINIMUM: bool = false;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], _index: usize) -> Unit<L::Words> {
        let words = L::add_fifth_bits(L::nibbles(&block[6..]), word(block, 2));
        Unit { words: L::subtract(words, 16), scale: half(block, 0), minimum: 0.0 }
    }
}

/// See `quantization/q5_1.rs`.
pub(super) struct Q5_1;
impl Blocks for Q5_1 {
    const BYTES: usize = 24;
    const UNITS: usize = 1;
    const HAS_MINIMUM: bool = true;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], _index: usize) -> Unit<L::Words> {
        let words = L::add_fifth_bits(L::nibbles(&block[8..]), word(block, 4));
        Unit { words, scale: half(block, 0), minimum: half(block, 2) }
    }
}

/// See `quantization/q8_0.rs`.
pub(super) struct Q8_0;
impl Blocks for Q8_0 {
    const BYTES: usize = 34;
    const UNITS: usize = 1;
    const HAS_MINIMUM: bool = false;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], _index: usize) -> Unit<L::Words> {
        Unit { words: L::signed_bytes(&block[2..]), scale: half(block, 0), minimum: 0.0 }
    }
}

/// See `quantization/q4_k.rs`.
pub(super) struct Q4K;
impl Blocks for Q4K {
    const BYTES: usize = 144;
    const UNITS: usize = 8;
    const HAS_MINIMUM: bool = true;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], index: usize) -> Unit<L::Words> {
        let (scale, minimum) = k_scale_and_minimum(&block[4..16], index);
        Unit {
            words: L::fields(&block[16 + index / 2 * 32..], index as u32 % 2 * 4, 15),
            scale: half(block, 0) * f32::from(scale),
            minimum: -half(block, 2) * f32::from(minimum),
        }
    }
}

/// See `quantization/q5_k.rs`.
pub(super) struct Q5K;
impl Blocks for Q5K {
    const BYTES: usize = 176;
    const UNITS: usize = 8;
    const HAS_MINIMUM: bool = true;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], index: usize) -> Unit<L::Words> {
        let (scale, minimum) = k_scale_and_minimum(&block[4..16], index);
        let low = L::fields(&block[48 + index / 2 * 32..], index as u32 % 2 * 4, 15);
        Unit {
            words: L::join(low, L::fields(&block[16..], index as u32, 1)),
            scale: half(block, 0) * f32::from(scale),
            minimum: -half(block, 2) * f32::from(minimum),
        }
    }
}

/// See `quantization/q6_k.rs`.
pub(super) struct Q6K;
impl Blocks for Q6K {
    const BYTES: usize = 210;
    const UNITS: usize = 8;
    const HAS_MINIMUM: bool = false;
    #[inline(always)]
    fn unit<L: Lanes>(block: &[u8], index: usize) -> Unit<L::Words> {
        let (half_block, quarter) = (index / 4, index % 4);
        let low = L::fields(&block[half_block * 64 + quarter % 2 * 32..], quarter as u32 / 2 * 4, 15);
        let high = L::fields(&block[128 + half_block * 32..], quarter as u32 * 2, 3);
        let words = L::subtract(L::join(low, high), 32);
        let scale = |sub: usize| i16::from(block[192 + 2 * index + sub] as i8);
        Unit { words: L::scale_halves(words, scale(0), scale(1)), scale: half(block, 208), minimum: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::activation::quantize_unit;
    use crate::cpu::lanes::Portable;
    use crate::quantization::BlockType;

    /// Reads a block's weights through the lanes by multiplying with unit vectors.
    fn check<B: Blocks>(block_type: BlockType) {
        assert_eq!((B::BYTES, B::UNITS * 32), (block_type.size_bytes(), block_type.values()));
        let mut block: Vec<u8> = (0..B::BYTES as u32).map(|i| (i * 97 + 13) as u8).collect();
        let scales: &[usize] = match block_type {
            BlockType::Q6K => &[208],
            BlockType::Q4_0 | BlockType::Q5_0 | BlockType::Q8_0 => &[0],
            _ => &[0, 2],
        };
        for (index, &offset) in scales.iter().enumerate() {
            block[offset..offset + 2].copy_from_slice(&half::f16::from_f32(0.75 - index as f32).to_le_bytes());
        }
        let mut expected = vec![0.0; block_type.values()];
        block_type.dequantize(&block, &mut expected);
        for (index, expected) in expected.into_iter().enumerate() {
            let mut one_hot = [0.0; 32];
            one_hot[index % 32] = 1.0;
            let mut words = [0; 32];
            let (scale, _) = quantize_unit(&one_hot, &mut words);
            let unit = B::unit::<Portable>(&block, index / 32);
            let value = Portable::dots(unit.words, &words) as f32 * unit.scale * scale + unit.minimum;
            assert!(
                (value - expected).abs() <= expected.abs() * 1e-5 + 1e-5,
                "{block_type} weight {index}: {value}, not {expected}"
            );
        }
    }

    #[test]
    fn every_block_type_decodes_to_its_weights() {
        check::<Q4_0>(BlockType::Q4_0);
        check::<Q4_1>(BlockType::Q4_1);
        check::<Q5_0>(BlockType::Q5_0);
        check::<Q5_1>(BlockType::Q5_1);
        check::<Q8_0>(BlockType::Q8_0);
        check::<Q4K>(BlockType::Q4K);
        check::<Q5K>(BlockType::Q5K);
        check::<Q6K>(BlockType::Q6K);
    }

    #[test]
    fn half_is_exact_for_every_finite_value() {
        for bits in 0..=u16::MAX {
            let exact = half::f16::from_bits(bits).to_f32();
            if exact.is_finite() {
                assert_eq!(half(&bits.to_le_bytes(), 0).to_bits(), exact.to_bits());
            }
        }
    }
}
