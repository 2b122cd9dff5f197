fn read_item(row: u32, item: u32) -> Item {
    let at = (row * ITEMS + item) * 8u;
    return Item(
        mat4x4<f32>(
            bitcast<vec4<f32>>(quants[at]),
            bitcast<vec4<f32>>(quants[at + 1u]),
            bitcast<vec4<f32>>(quants[at + 2u]),
            bitcast<vec4<f32>>(quants[at + 3u]),
        ),
        mat4x4<f32>(
            bitcast<vec4<f32>>(quants[at + 4u]),
            bitcast<vec4<f32>>(quants[at + 5u]),
            bitcast<vec4<f32>>(quants[at + 6u]),
            bitcast<vec4<f32>>(quants[at + 7u]),
        ),
        vec2<f32>(1.0),
        vec2<f32>(0.0),
    );
}
