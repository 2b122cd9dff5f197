// x: the query head, y: the token. Every split's part counts by exp(its maximum - the largest maximum).
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    if thread >= HEAD_VECTORS {
        return;
    }
    let seen = seen_positions(batch.first_position + workgroup.y);
    let each = split_positions(seen);
    let splits = (seen + each - 1u) / each;
    var maximum = LOWEST;
    for (var split = 0u; split < splits; split++) {
        maximum = max(maximum, parts[part_at(workgroup.x, split) + HEAD_VECTORS].x);
    }
    var sum = 0.0;
    var total = vec4<f32>(0.0);
    for (var split = 0u; split < splits; split++) {
        let at = part_at(workgroup.x, split);
        let state = parts[at + HEAD_VECTORS];
        let weight = exp(state.x - maximum);
        sum += weight * state.y;
        total += weight * parts[at + thread];
    }
    output[workgroup.y * OUTPUT_STRIDE + OUTPUT_FIRST + workgroup.x * HEAD_VECTORS + thread] = total / sum;
}
