//! F16: one weight, a little-endian 16-bit float.

use super::half_at;

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    values[0] = half_at(block, 0);
}
