//! AVX-512 with BW and VNNI: one vector of thirty-two lanes.

#![expect(unsafe_code, reason = "intrinsics; called only where the features were detected")]
// SAFETY (whole file): every function is inlined into a function with the target features that `detect` asks for,
// which runs only after detection; loads are unaligned loads of slices whose length `Lanes` promises.

use std::arch::x86_64::*;

use super::Lanes;

/// AVX-512.
pub(crate) struct Avx512;

/// 32 bytes twice: as they are, and with every pair shifted down by eight bits.
#[inline(always)]
fn pairs_and_odd(bytes: &[u8]) -> __m512i {
    debug_assert!(bytes.len() >= 32);
    unsafe {
        let pairs = _mm256_loadu_si256(bytes.as_ptr().cast());
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(pairs), _mm256_srli_epi16::<8>(pairs))
    }
}

impl Lanes for Avx512 {
    type Words = __m512i;
    type Dots = __m512i;
    type Fours = __m512;

    #[inline(always)]
    fn zero() -> __m512 {
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    fn nibbles(bytes: &[u8]) -> __m512i {
        debug_assert!(bytes.len() >= 16);
        unsafe {
            let pairs = _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast()));
            let (four, twelve) = (0x0004_0004_0004_0004, 0x000C_000C_000C_000C);
            let eight = 0x0008_0008_0008_0008;
            let shifts = _mm512_set_epi64(twelve, twelve, eight, eight, four, four, 0, 0);
            _mm512_and_si512(_mm512_srlv_epi16(pairs, shifts), _mm512_set1_epi16(15))
        }
    }

    #[inline(always)]
    fn signed_bytes(bytes: &[u8]) -> __m512i {
        debug_assert!(bytes.len() >= 32);
        unsafe {
            let pairs = _mm256_loadu_si256(bytes.as_ptr().cast());
            let even = _mm256_slli_epi16::<8>(pairs);
            _mm512_srai_epi16::<8>(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(even), pairs))
        }
    }

    #[inline(always)]
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> __m512i {
        unsafe {
            let shifted = _mm512_srl_epi16(pairs_and_odd(bytes), _mm_cvtsi32_si128(shift as i32));
            _mm512_and_si512(shifted, _mm512_set1_epi16(mask as i16))
        }
    }

    #[inline(always)]
    fn add_fifth_bits(words: __m512i, bits: u32) -> __m512i {
        unsafe {
            let even = _pext_u32(bits, 0x5555_5555);
            let odd = _pext_u32(bits, 0xAAAA_AAAA);
            _mm512_mask_add_epi16(words, even | odd << 16, words, _mm512_set1_epi16(16))
        }
    }

    #[inline(always)]
    fn join(low: __m512i, high: __m512i) -> __m512i {
        unsafe { _mm512_add_epi16(low, _mm512_slli_epi16::<4>(high)) }
    }

    #[inline(always)]
    fn subtract(words: __m512i, amount: i16) -> __m512i {
        unsafe { _mm512_sub_epi16(words, _mm512_set1_epi16(amount)) }
    }

    #[inline(always)]
    fn scale_halves(words: __m512i, first: i16, second: i16) -> __m512i {
        unsafe {
            let half = _mm256_set_m128i(_mm_set1_epi16(second), _mm_set1_epi16(first));
            _mm512_mullo_epi16(words, _mm512_broadcast_i64x4(half))
        }
    }

    #[inline(always)]
    fn dots(words: __m512i, activation: &[i16]) -> __m512i {
        debug_assert!(activation.len() >= 32);
        unsafe {
            let activation = _mm512_loadu_si512(activation.as_ptr().cast());
            _mm512_dpwssd_epi32(_mm512_setzero_si512(), words, activation)
        }
    }

    #[inline(always)]
    fn add_scaled(fours: __m512, [a, b, c, d]: [__m512i; 4], scales: [f32; 4]) -> __m512 {
        unsafe {
            // Within each quarter, lane i becomes a sum over vector i.
            let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            let dots = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
            let scales = _mm512_broadcast_f32x4(_mm_set_ps(scales[3], scales[2], scales[1], scales[0]));
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots), scales, fours)
        }
    }

    #[inline(always)]
    fn totals(fours: __m512) -> [f32; 4] {
        let mut totals = [0.0; 4];
        unsafe {
            let halves = _mm256_add_ps(_mm512_castps512_ps256(fours), _mm512_extractf32x8_ps::<1>(fours));
            let sum = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
            _mm_storeu_ps(totals.as_mut_ptr(), sum);
        }
        totals
    }
}
