// 32 weights of one row as two runs of 16: weight = scale * value + offset, x for the low run, y for the high.
struct Item {
    low: mat4x4<f32>,
    high: mat4x4<f32>,
    scale: vec2<f32>,
    offset: vec2<f32>,
}

fn dot16(a: mat4x4<f32>, b: mat4x4<f32>) -> f32 {
    return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) + dot(a[3], b[3]);
}

fn sum16(a: mat4x4<f32>) -> f32 {
    let sums = a[0] + a[1] + a[2] + a[3];
    return sums.x + sums.y + sums.z + sums.w;
}

fn low_nibbles(word: u32) -> vec4<u32> {
    return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u);
}

fn high_nibbles(word: u32) -> vec4<u32> {
    return (vec4<u32>(word) >> vec4<u32>(4u, 12u, 20u, 28u)) & vec4<u32>(15u);
}

fn floats(a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(vec4<f32>(a), vec4<f32>(b), vec4<f32>(c), vec4<f32>(d));
}
