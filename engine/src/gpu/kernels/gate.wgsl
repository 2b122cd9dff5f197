// Arguments of exp and tanh are bounded: some drivers return NaN where these overflow.
fn silu(x: vec4<f32>) -> vec4<f32> {
    return x / (1.0 + exp(min(-x, vec4<f32>(80.0))));
}

fn gelu(x: vec4<f32>) -> vec4<f32> {
    let inner = 0.7978845608 * (x + 0.044715 * x * x * x);
    return 0.5 * x * (1.0 + tanh(clamp(inner, vec4<f32>(-10.0), vec4<f32>(10.0))));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < COLUMNS {
        $output[at_output(id.y, id.x)] = $activation($gate[at_gate(id.y, id.x)]) * $up[at_up(id.y, id.x)];
    }
}
