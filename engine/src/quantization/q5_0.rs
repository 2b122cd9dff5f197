//! Q5_0: `d: f16`, `high: u32`, then 16 bytes as in Q4_0; bit `j` of `high` is the fifth bit of weight `j`.
//! weight = d * (q - 16)

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let scale = half_at(block, 0);
    let high = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    for (j, &byte) in block[6..].iter().enumerate() {
        let fifth = |index: usize| (high >> index & 1) as u8 * 16;
        values[j] = scale * (f32::from(byte & 15 | fifth(j)) - 16.0);
        values[j + 16] = scale * (f32::from(byte >> 4 | fifth(j + 16)) - 16.0);
    }
}
