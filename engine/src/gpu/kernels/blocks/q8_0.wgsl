fn signed_bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

fn sixteen_bytes(words: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(signed_bytes(words.x), signed_bytes(words.y), signed_bytes(words.z), signed_bytes(words.w));
}

fn read_item(row: u32, item: u32) -> Item {
    let block = row * ITEMS + item;
    let scale = half_scale(block);
    return Item(
        sixteen_bytes(quants[block * 2u]),
        sixteen_bytes(quants[block * 2u + 1u]),
        vec2<f32>(scale),
        vec2<f32>(0.0),
    );
}
