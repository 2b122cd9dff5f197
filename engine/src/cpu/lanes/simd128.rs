//! WASM SIMD: four vectors of eight lanes.

#![expect(unsafe_code, reason = "vector loads from slices")]

use std::arch::wasm32::*;

use super::Lanes;

/// WASM SIMD.
pub(crate) struct Simd128;

#[inline(always)]
fn load(bytes: &[u8], offset: usize) -> v128 {
    debug_assert!(bytes.len() >= offset + 16);
    // SAFETY: the callers hand over at least `offset + 16` bytes, see `Lanes`; v128_load needs no alignment.
    unsafe { v128_load(bytes.as_ptr().add(offset).cast()) }
}

#[inline(always)]
fn load_words(words: &[i16], offset: usize) -> v128 {
    debug_assert!(words.len() >= offset + 8);
    // SAFETY: as above, 8 values of 2 bytes.
    unsafe { v128_load(words.as_ptr().add(offset).cast()) }
}

impl Lanes for Simd128 {
    type Words = [v128; 4];
    type Dots = v128;
    type Fours = v128;

    #[inline(always)]
    fn zero() -> v128 {
        f32x4_splat(0.0)
    }

    #[inline(always)]
    fn nibbles(bytes: &[u8]) -> [v128; 4] {
        let (pairs, mask) = (load(bytes, 0), u16x8_splat(15));
        [
            v128_and(pairs, mask),
            v128_and(u16x8_shr(pairs, 4), mask),
            v128_and(u16x8_shr(pairs, 8), mask),
            u16x8_shr(pairs, 12),
        ]
    }

    #[inline(always)]
    fn signed_bytes(bytes: &[u8]) -> [v128; 4] {
        let (low, high) = (load(bytes, 0), load(bytes, 16));
        [i16x8_shr(i16x8_shl(low, 8), 8), i16x8_shr(i16x8_shl(high, 8), 8), i16x8_shr(low, 8), i16x8_shr(high, 8)]
    }

    #[inline(always)]
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> [v128; 4] {
        let (low, high, mask) = (load(bytes, 0), load(bytes, 16), u16x8_splat(mask));
        [
            v128_and(u16x8_shr(low, shift), mask),
            v128_and(u16x8_shr(high, shift), mask),
            v128_and(u16x8_shr(low, shift + 8), mask),
            v128_and(u16x8_shr(high, shift + 8), mask),
        ]
    }

    #[inline(always)]
    fn add_fifth_bits(words: [v128; 4], bits: u32) -> [v128; 4] {
        let even = u16x8(1, 1 << 2, 1 << 4, 1 << 6, 1 << 8, 1 << 10, 1 << 12, 1 << 14);
        let odd = u16x8(1 << 1, 1 << 3, 1 << 5, 1 << 7, 1 << 9, 1 << 11, 1 << 13, 1 << 15);
        let (low, high, sixteen) = (u16x8_splat(bits as u16), u16x8_splat((bits >> 16) as u16), u16x8_splat(16));
        let add = |words, bits, mask| v128_or(words, v128_and(i16x8_eq(v128_and(bits, mask), mask), sixteen));
        [add(words[0], low, even), add(words[1], high, even), add(words[2], low, odd), add(words[3], high, odd)]
    }

    #[inline(always)]
    fn join(low: [v128; 4], high: [v128; 4]) -> [v128; 4] {
        std::array::from_fn(|i| i16x8_add(low[i], i16x8_shl(high[i], 4)))
    }

    #[inline(always)]
    fn subtract(words: [v128; 4], amount: i16) -> [v128; 4] {
        words.map(|word| i16x8_sub(word, i16x8_splat(amount)))
    }

    #[inline(always)]
    fn scale_halves(words: [v128; 4], first: i16, second: i16) -> [v128; 4] {
        let (first, second) = (i16x8_splat(first), i16x8_splat(second));
        [
            i16x8_mul(words[0], first),
            i16x8_mul(words[1], second),
            i16x8_mul(words[2], first),
            i16x8_mul(words[3], second),
        ]
    }

    #[inline(always)]
    fn dots(words: [v128; 4], activation: &[i16]) -> v128 {
        let dot = |part: usize| i32x4_dot_i16x8(words[part], load_words(activation, 8 * part));
        i32x4_add(i32x4_add(dot(0), dot(1)), i32x4_add(dot(2), dot(3)))
    }

    #[inline(always)]
    fn add_scaled(fours: v128, [a, b, c, d]: [v128; 4], [p, q, r, s]: [f32; 4]) -> v128 {
        // A transposition: lane i becomes the sum of vector i.
        let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        let dots = i32x4_add(i64x2_shuffle::<0, 2>(ab, cd), i64x2_shuffle::<1, 3>(ab, cd));
        f32x4_add(fours, f32x4_mul(f32x4_convert_i32x4(dots), f32x4(p, q, r, s)))
    }

    #[inline(always)]
    fn totals(fours: v128) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(fours),
            f32x4_extract_lane::<1>(fours),
            f32x4_extract_lane::<2>(fours),
            f32x4_extract_lane::<3>(fours),
        ]
    }
}
