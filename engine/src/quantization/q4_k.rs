//! Q4_K: `d: f16`, `dmin: f16`, 12 bytes of packed 6-bit scales and minimums, then 128 bytes: each run of 32 bytes
//! holds sub-block `2r` in its low and `2r + 1` in its high four bits.
//! weight = d * scale * q - dmin * minimum

use super::half_at;

/// Scale and minimum (each 0 to 63) of sub-block `index` (0 to 7) from the 12 packed bytes that Q4_K and Q5_K share.
#[inline(always)]
pub fn scale_and_minimum(packed: &[u8], index: usize) -> (u8, u8) {
    if index < 4 {
        (packed[index] & 63, packed[index + 4] & 63)
    } else {
        let low = packed[index + 4];
        (low & 15 | packed[index - 4] >> 6 << 4, low >> 4 | packed[index] >> 6 << 4)
    }
}

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    for (sub_block, values) in values.chunks_exact_mut(32).enumerate() {
        let (sub_scale, sub_minimum) = scale_and_minimum(&block[4..16], sub_block);
        let (scale, minimum) = (scale * f32::from(sub_scale), minimum * f32::from(sub_minimum));
        let bytes = &block[16 + sub_block / 2 * 32..][..32];
        for (value, byte) in values.iter_mut().zip(bytes) {
            *value = scale * f32::from(byte >> (sub_block % 2 * 4) & 15) - minimum;
        }
    }
}
