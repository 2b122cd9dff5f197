//! Q4_0: `d: f16`, then 16 bytes; byte `j` holds weight `j` (low four bits) and `j + 16` (high four).
//! weight = d * (q - 8)

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let scale = half_at(block, 0);
    for (j, byte) in block[2..].iter().enumerate() {
        values[j] = scale * (f32::from(byte & 15) - 8.0);
        values[j + 16] = scale * (f32::from(byte >> 4) - 8.0);
    }
}
