//! Q6_K: 128 bytes of low four bits, 64 bytes of high two bits, 16 signed scales (one per 16 weights), `d: f16`.
//! In each half of 128 weights, weight `w` takes its low bits from byte `w % 64` (low nibble for `w < 64`, else high)
//! and its high bits from byte `w % 32`, bits `2 * (w / 32)`.
//! weight = d * scale * (q - 32)

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for (index, value) in values.iter_mut().enumerate() {
        let (half, within) = (index / 128, index % 128);
        let four = low[half * 64 + within % 64] >> (within / 64 * 4) & 15;
        let two = high[half * 32 + within % 32] >> (within / 32 * 2) & 3;
        *value = scale * f32::from(scales[index / 16] as i8) * (f32::from(four | two << 4) - 32.0);
    }
}
