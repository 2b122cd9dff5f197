fn eight_halves(words: vec4<u32>) -> array<vec4<f32>, 2> {
    return array<vec4<f32>, 2>(
        vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y)),
        vec4<f32>(unpack2x16float(words.z), unpack2x16float(words.w)),
    );
}

fn read_item(row: u32, item: u32) -> Item {
    let at = (row * ITEMS + item) * 4u;
    let a = eight_halves(quants[at]);
    let b = eight_halves(quants[at + 1u]);
    let c = eight_halves(quants[at + 2u]);
    let d = eight_halves(quants[at + 3u]);
    return Item(
        mat4x4<f32>(a[0], a[1], b[0], b[1]),
        mat4x4<f32>(c[0], c[1], d[0], d[1]),
        vec2<f32>(1.0),
        vec2<f32>(0.0),
    );
}
