// Two bits of each byte, from bit `bit` on, where they count 16.
fn upper_bits(word: u32, bit: u32) -> vec4<u32> {
    return ((vec4<u32>(word >> bit) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(3u)) << vec4<u32>(4u);
}

fn signed_byte(words: vec4<u32>, index: u32) -> f32 {
    let word = bitcast<i32>(words[index >> 2u]);
    return f32((word << (24u - 8u * (index & 3u))) >> 24u);
}

// A block is 8 vectors of low nibbles, 4 of upper bits, 1 of scales. Item j takes the low nibbles of vector j for
// weights 16 * (j % 4) of its half of the block, the high ones for those 64 further on.
fn read_item(row: u32, item: u32) -> Item {
    let block = row * (ITEMS / 8u) + (item >> 3u);
    let at = block * 13u;
    let part = item & 7u;
    let half = part >> 2u;
    let q = quants[at + part];
    let upper = quants[at + 8u + half * 2u + (part & 1u)];
    let packed = quants[at + 12u];
    let bit = part & 2u;
    let index = half * 8u + (part & 3u);
    let scale = half_scale(block) * vec2<f32>(signed_byte(packed, index), signed_byte(packed, index + 4u));
    return Item(
        floats(
            low_nibbles(q.x) | upper_bits(upper.x, bit),
            low_nibbles(q.y) | upper_bits(upper.y, bit),
            low_nibbles(q.z) | upper_bits(upper.z, bit),
            low_nibbles(q.w) | upper_bits(upper.w, bit),
        ),
        floats(
            high_nibbles(q.x) | upper_bits(upper.x, bit + 4u),
            high_nibbles(q.y) | upper_bits(upper.y, bit + 4u),
            high_nibbles(q.z) | upper_bits(upper.z, bit + 4u),
            high_nibbles(q.w) | upper_bits(upper.w, bit + 4u),
        ),
        scale,
        -32.0 * scale,
    );
}

fn low_start(item: u32) -> u32 {
    let part = item & 7u;
    return (item >> 3u) * 64u + (part >> 2u) * 32u + (part & 3u) * 4u;
}

fn high_start(item: u32) -> u32 {
    return low_start(item) + 16u;
}
