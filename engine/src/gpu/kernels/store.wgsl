// Four values as 16-bit floats, the largest of which is 65504.
fn pack4(values: vec4<f32>) -> vec2<u32> {
    let bounded = clamp(values, vec4<f32>(-65504.0), vec4<f32>(65504.0));
    return vec2<u32>(pack2x16float(bounded.xy), pack2x16float(bounded.zw));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < COLUMNS {
        let at = (batch.first_position + id.y) * COLUMNS + id.x;
        keys[at] = pack4(key[id.y * KEY_STRIDE + KEY_FIRST + id.x]);
        values[at] = pack4($value[id.y * VALUE_STRIDE + VALUE_FIRST + id.x]);
    }
}
