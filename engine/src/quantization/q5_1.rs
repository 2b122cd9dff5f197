//! Q5_1: `d: f16`, `m: f16`, `high: u32`, then 16 bytes as in Q4_1; bit `j` of `high` is the fifth bit of weight `j`.
//! weight = d * q + m

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let high = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
    for (j, &byte) in block[8..].iter().enumerate() {
        let fifth = |index: usize| (high >> index & 1) as u8 * 16;
        values[j] = scale * f32::from(byte & 15 | fifth(j)) + minimum;
        values[j + 16] = scale * f32::from(byte >> 4 | fifth(j + 16)) + minimum;
    }
}
