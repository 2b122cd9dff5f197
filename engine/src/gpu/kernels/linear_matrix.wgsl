fn product(low: mat4x4<f32>, high: mat4x4<f32>, row: u32, item: u32) -> f32 {
    let low_at = at_input(row, low_start(item));
    let high_at = at_input(row, high_start(item));
    return dot(low[0], $input[low_at]) + dot(low[1], $input[low_at + 1u])
        + dot(low[2], $input[low_at + 2u]) + dot(low[3], $input[low_at + 3u])
        + dot(high[0], $input[high_at]) + dot(high[1], $input[high_at + 1u])
        + dot(high[2], $input[high_at + 2u]) + dot(high[3], $input[high_at + 3u]);
}

fn keep(row: u32, weight_row: u32, sum: f32) {
    if row < row_count() {
        let at = row * OUTPUT_STRIDE + OUTPUT_FIRST + FIRST_ROW + weight_row;
        if ACCUMULATE {
            output[at] = output[at] + sum;
        } else {
            output[at] = sum;
        }
    }
}

fn scaled(values: mat4x4<f32>, scale: f32, offset: f32) -> mat4x4<f32> {
    let added = vec4<f32>(offset);
    return mat4x4<f32>(
        values[0] * scale + added,
        values[1] * scale + added,
        values[2] * scale + added,
        values[3] * scale + added,
    );
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let weight_row = workgroup.x * THREADS + thread;
    let first_row = workgroup.y * INPUT_ROWS;
    if weight_row >= HELD_ROWS {
        return;
    }
    $declare_sums
    for (var item = 0u; item < ITEMS; item++) {
        let weights = read_item(weight_row, item);
        let weights_low = scaled(weights.low, weights.scale.x, weights.offset.x);
        let weights_high = scaled(weights.high, weights.scale.y, weights.offset.y);
        $multiply_rows
    }
    $keep_sums
}
