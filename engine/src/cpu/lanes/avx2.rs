//! AVX2: two vectors of sixteen lanes.

#![expect(unsafe_code, reason = "intrinsics; called only where the features were detected")]
// SAFETY (whole file): every function is inlined into a function with `target_feature(enable = "avx2,fma")`, which
// runs only after detection; loads are unaligned loads of slices whose length `Lanes` promises.

use std::arch::x86_64::*;

use super::Lanes;

/// AVX2.
pub(crate) struct Avx2;

#[inline(always)]
fn load(bytes: &[u8]) -> __m256i {
    debug_assert!(bytes.len() >= 32);
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

impl Lanes for Avx2 {
    type Words = [__m256i; 2];
    type Dots = __m256i;
    type Fours = __m256;

    #[inline(always)]
    fn zero() -> __m256 {
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    fn nibbles(bytes: &[u8]) -> [__m256i; 2] {
        debug_assert!(bytes.len() >= 16);
        unsafe {
            let pairs = _mm_loadu_si128(bytes.as_ptr().cast());
            let both = _mm256_set_m128i(_mm_srli_epi16::<4>(pairs), pairs);
            let mask = _mm256_set1_epi16(15);
            [_mm256_and_si256(both, mask), _mm256_and_si256(_mm256_srli_epi16::<8>(both), mask)]
        }
    }

    #[inline(always)]
    fn signed_bytes(bytes: &[u8]) -> [__m256i; 2] {
        unsafe {
            let pairs = load(bytes);
            [_mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(pairs)), _mm256_srai_epi16::<8>(pairs)]
        }
    }

    #[inline(always)]
    fn fields(bytes: &[u8], shift: u32, mask: u16) -> [__m256i; 2] {
        unsafe {
            let pairs = _mm256_srl_epi16(load(bytes), _mm_cvtsi32_si128(shift as i32));
            let mask = _mm256_set1_epi16(mask as i16);
            [_mm256_and_si256(pairs, mask), _mm256_and_si256(_mm256_srli_epi16::<8>(pairs), mask)]
        }
    }

    #[inline(always)]
    fn add_fifth_bits(words: [__m256i; 2], bits: u32) -> [__m256i; 2] {
        unsafe {
            let low = _mm_set1_epi16(bits as i16);
            let high = _mm_set1_epi16((bits >> 16) as i16);
            let bits = _mm256_set_m128i(high, low);
            let even = _mm256_set1_epi64x(0x0040_0010_0004_0001);
            // Lanes 4 to 7 of each half need bits 8 to 14: the mask of lanes 0 to 3 shifted by 8.
            let upper = _mm256_set_epi64x(-1, 0, -1, 0);
            let even = _mm256_blendv_epi8(even, _mm256_slli_epi16::<8>(even), upper);
            let odd = _mm256_slli_epi16::<1>(even);
            let sixteen = _mm256_set1_epi16(16);
            let add = |words, mask| {
                let set = _mm256_cmpeq_epi16(_mm256_and_si256(bits, mask), mask);
                _mm256_or_si256(words, _mm256_and_si256(set, sixteen))
            };
            [add(words[0], even), add(words[1], odd)]
        }
    }

    #[inline(always)]
    fn join(low: [__m256i; 2], high: [__m256i; 2]) -> [__m256i; 2] {
        std::array::from_fn(|i| unsafe { _mm256_add_epi16(low[i], _mm256_slli_epi16::<4>(high[i])) })
    }

    #[inline(always)]
    fn subtract(words: [__m256i; 2], amount: i16) -> [__m256i; 2] {
        words.map(|word| unsafe { _mm256_sub_epi16(word, _mm256_set1_epi16(amount)) })
    }

    #[inline(always)]
    fn scale_halves(words: [__m256i; 2], first: i16, second: i16) -> [__m256i; 2] {
        unsafe {
            let scale = _mm256_set_m128i(_mm_set1_epi16(second), _mm_set1_epi16(first));
            words.map(|word| _mm256_mullo_epi16(word, scale))
        }
    }

    #[inline(always)]
    fn dots(words: [__m256i; 2], activation: &[i16]) -> __m256i {
        debug_assert!(activation.len() >= 32);
        unsafe {
            let activation: *const __m256i = activation.as_ptr().cast();
            let first = _mm256_madd_epi16(words[0], _mm256_loadu_si256(activation));
            let second = _mm256_madd_epi16(words[1], _mm256_loadu_si256(activation.add(1)));
            _mm256_add_epi32(first, second)
        }
    }

    #[inline(always)]
    fn add_scaled(fours: __m256, [a, b, c, d]: [__m256i; 4], scales: [f32; 4]) -> __m256 {
        unsafe {
            // Within each half, lane i becomes a sum over vector i.
            let dots = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
            let scales = _mm_set_ps(scales[3], scales[2], scales[1], scales[0]);
            _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set_m128(scales, scales), fours)
        }
    }

    #[inline(always)]
    fn totals(fours: __m256) -> [f32; 4] {
        let mut totals = [0.0; 4];
        unsafe {
            let sum = _mm_add_ps(_mm256_castps256_ps128(fours), _mm256_extractf128_ps::<1>(fours));
            _mm_storeu_ps(totals.as_mut_ptr(), sum);
        }
        totals
    }
}
