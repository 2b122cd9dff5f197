//! Q5_K: as Q4_K, with 32 bytes before the four-bit values: bit `s` of byte `j` is the fifth bit of weight `j` of
//! sub-block `s`.
//! weight = d * scale * q - dmin * minimum

use super::{half_at, k_scale_and_minimum};

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let high = &block[16..48];
    for (sub_block, values) in values.chunks_exact_mut(32).enumerate() {
        let (sub_scale, sub_minimum) = k_scale_and_minimum(&block[4..16], sub_block);
        let (scale, minimum) = (scale * f32::from(sub_scale), minimum * f32::from(sub_minimum));
        let bytes = &block[48 + sub_block / 2 * 32..][..32];
        for ((value, byte), high) in values.iter_mut().zip(bytes).zip(high) {
            let low = byte >> (sub_block % 2 * 4) & 15;
            *value = scale * f32::from(low | (high >> sub_block & 1) << 4) - minimum;
        }
    }
}
