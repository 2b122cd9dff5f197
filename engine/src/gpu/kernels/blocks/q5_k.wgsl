// Bit `bit` of each byte, where it counts 16.
fn fifth_of_bytes(word: u32, bit: u32) -> vec4<u32> {
    return ((vec4<u32>(word >> bit) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(1u)) << vec4<u32>(4u);
}

fn read_item(row: u32, item: u32) -> Item {
    let block = (row * (ITEMS / 8u) + (item >> 3u)) * 11u;
    let run = (item & 7u) >> 1u;
    let high = quants[block + 1u + (item & 1u)];
    let q = quants[block + 3u + (item & 7u)];
    let scale = k_scales(quants[block], run);
    let bit = run * 2u;
    return Item(
        floats(
            low_nibbles(q.x) | fifth_of_bytes(high.x, bit),
            low_nibbles(q.y) | fifth_of_bytes(high.y, bit),
            low_nibbles(q.z) | fifth_of_bytes(high.z, bit),
            low_nibbles(q.w) | fifth_of_bytes(high.w, bit),
        ),
        floats(
            high_nibbles(q.x) | fifth_of_bytes(high.x, bit + 1u),
            high_nibbles(q.y) | fifth_of_bytes(high.y, bit + 1u),
            high_nibbles(q.z) | fifth_of_bytes(high.z, bit + 1u),
            high_nibbles(q.w) | fifth_of_bytes(high.w, bit + 1u),
        ),
        scale.xy,
        scale.zw,
    );
}
