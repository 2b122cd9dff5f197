//! F32: one weight, a little-endian 32-bit float.

pub(super) fn dequantize(block: &[u8], values: &mut [f32]) {
    values[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
}
