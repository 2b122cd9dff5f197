//! Q4_1: `d: f16`, `m: f16`, then 16 bytes; byte `j` holds weight `j` (low four bits) and `j + 16` (high four).
//! weight = d * q + m

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    for (j, byte) in block[4..].iter().enumerate() {
        values[j] = scale * f32::from(byte & 15) + minimum;
        values[j + 16] = scale * f32::from(byte >> 4) + minimum;
    }
}
