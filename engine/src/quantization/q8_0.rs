//! Q8_0: `d: f16`, then 32 signed bytes.
//! weight = d * q

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    let scale = half_at(block, 0);
    for (value, &byte) in values.iter_mut().zip(&block[2..]) {
        *value = scale * f32::from(byte as i8);
    }
}
