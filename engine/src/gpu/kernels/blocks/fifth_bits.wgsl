// The fifth bits of four weights, from bit `first` on, where they count 16.
fn fifth_bits(high: u32, first: u32) -> vec4<u32> {
    return ((vec4<u32>(high >> first) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(4u);
}

fn five_bit_low(q: vec4<u32>, high: u32) -> mat4x4<f32> {
    return floats(
        low_nibbles(q.x) | fifth_bits(high, 0u),
        low_nibbles(q.y) | fifth_bits(high, 4u),
        low_nibbles(q.z) | fifth_bits(high, 8u),
        low_nibbles(q.w) | fifth_bits(high, 12u),
    );
}

fn five_bit_high(q: vec4<u32>, high: u32) -> mat4x4<f32> {
    return floats(
        high_nibbles(q.x) | fifth_bits(high, 16u),
        high_nibbles(q.y) | fifth_bits(high, 20u),
        high_nibbles(q.z) | fifth_bits(high, 24u),
        high_nibbles(q.w) | fifth_bits(high, 28u),
    );
}
