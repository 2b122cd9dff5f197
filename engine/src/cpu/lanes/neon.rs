//! NEON: four vectors of eight lanes.

#![expect(unsafe_code, reason = "intrinsics; NEON is part of every 64-bit Arm processor")]
// SAFETY (whole file): NEON is unconditional on aarch64; loads are of slices whose length `Lanes` promises.

use std::arch::aarch64::*;

use super::Lanes;

/// NEON.
pub(crate) struct Neon;

#[inline(always)]
fn load(bytes: &[u8], offset: usize) -> uint16x8_t {
    debug_assert!(bytes.len() >= offset + 16);
    unsafe { vreinterpretq_u16_u8(vld1q_u8(bytes.as_ptr().add(offset))) }
}

impl Lanes for Neon {
    type Words = [int16x8_t; 4];
    type Dots = int32x4_t;
    type Fours = float32x4_t;

    #[inline(always)]
    fn zero() -> float32x4_t {
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    fn nibbles(bytes: &[u8]) -> [int16x8_t; 4] {
        unsafe {
            let (pairs, mask) = (load(bytes, 0), vdupq_n_u16(15));
            [
                vreinterpretq_s16_u16(vandq_u16(pairs, mask)),
                vreinterpretq_s16_u16(vandq_u16(vshrq_n_u16::<4>(pairs), mask)),
                vreinterpretq_s16_u16(vandq_u16(vshrq_n_u16::<8>(pairs), mask)),
                vreinterpretq_s16_u16(vshrq_n_u16::<12>(pairs)),
            ]
        }
    }

    #[inline(always)]
    fn signed_bytes(bytes: &[u8]) -> [int16x8_t; 4] {
        unsafe {
            let (low, high) = (vreinterpretq_s16_u16(load(bytes, 0)), vreinterpretq_s16_u16(load(bytes, 16)));
            [
                vshrq_n_s16::<8>(vshlq_n_s16::<8>(low)),
                vshrq_n_s16::<8>(vshlq_n_s16::<8>(high)),
                vshrq_n_s16::<8>(low),
                vshrq_n_s16::<8>(high),
            ]
        }
    }

    #[inline(always)]
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> [int16x8_t; 4] {
        unsafe {
            let (low, high, mask) = (load(bytes, 0), load(bytes, 16), vdupq_n_u16(mask));
            let even = vdupq_n_s16(-(shift as i16));
            let odd = vdupq_n_s16(-(shift as i16) - 8);
            [
                vreinterpretq_s16_u16(vandq_u16(vshlq_u16(low, even), mask)),
                vreinterpretq_s16_u16(vandq_u16(vshlq_u16(high, even), mask)),
                vreinterpretq_s16_u16(vandq_u16(vshlq_u16(low, odd), mask)),
                vreinterpretq_s16_u16(vandq_u16(vshlq_u16(high, odd), mask)),
            ]
        }
    }

    #[inline(always)]
    fn add_fifth_bits(words: [int16x8_t; 4], bits: u32) -> [int16x8_t; 4] {
        unsafe {
            const EVEN: [u16; 8] = [1, 1 << 2, 1 << 4, 1 << 6, 1 << 8, 1 << 10, 1 << 12, 1 << 14];
            let even = vld1q_u16(EVEN.as_ptr());
            let odd = vshlq_n_u16::<1>(even);
            let (low, high) = (vdupq_n_u16(bits as u16), vdupq_n_u16((bits >> 16) as u16));
            let add = |words, bits, mask| {
                let sixteen = vandq_u16(vtstq_u16(bits, mask), vdupq_n_u16(16));
                vaddq_s16(words, vreinterpretq_s16_u16(sixteen))
            };
            [add(words[0], low, even), add(words[1], high, even), add(words[2], low, odd), add(words[3], high, odd)]
        }
    }

    #[inline(always)]
    fn join(low: [int16x8_t; 4], high: [int16x8_t; 4]) -> [int16x8_t; 4] {
        std::array::from_fn(|i| unsafe { vaddq_s16(low[i], vshlq_n_s16::<4>(high[i])) })
    }

    #[inline(always)]
    fn subtract(words: [int16x8_t; 4], amount: i16) -> [int16x8_t; 4] {
        words.map(|word| unsafe { vsubq_s16(word, vdupq_n_s16(amount)) })
    }

    #[inline(always)]
    fn scale_halves(words: [int16x8_t; 4], first: i16, second: i16) -> [int16x8_t; 4] {
        unsafe {
            [
                vmulq_n_s16(words[0], first),
                vmulq_n_s16(words[1], second),
                vmulq_n_s16(words[2], first),
                vmulq_n_s16(words[3], second),
            ]
        }
    }

    #[inline(always)]
    fn dots(words: [int16x8_t; 4], activation: &[i16]) -> int32x4_t {
        debug_assert!(activation.len() >= 32);
        unsafe {
            let mut dots = vdupq_n_s32(0);
            for (part, words) in words.into_iter().enumerate() {
                let activation = vld1q_s16(activation.as_ptr().add(8 * part));
                dots = vmlal_s16(dots, vget_low_s16(words), vget_low_s16(activation));
                dots = vmlal_high_s16(dots, words, activation);
            }
            dots
        }
    }

    #[inline(always)]
    fn add_scaled(fours: float32x4_t, [a, b, c, d]: [int32x4_t; 4], scales: [f32; 4]) -> float32x4_t {
        unsafe {
            let dots = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
            vfmaq_f32(fours, vcvtq_f32_s32(dots), vld1q_f32(scales.as_ptr()))
        }
    }

    #[inline(always)]
    fn totals(fours: float32x4_t) -> [f32; 4] {
        let mut totals = [0.0; 4];
        unsafe { vst1q_f32(totals.as_mut_ptr(), fours) };
        totals
    }
}
