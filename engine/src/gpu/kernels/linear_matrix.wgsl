// Sixteen values of an input row from vector `start` on.
fn input_run(row: u32, start: u32) -> mat4x4<f32> {
    let at = at_input(row, start);
    return mat4x4<f32>($input[at], $input[at + 1u], $input[at + 2u], $input[at + 3u]);
}

fn keep(row: u32, weight_row: u32, product: f32) {
    if row < row_count() && weight_row < HELD_ROWS {
        var sum = product;
        $add_adapted
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
    let first_weight_row = workgroup.x * (THREADS * ROWS_PER_THREAD) + thread;
    let first_row = workgroup.y * INPUT_ROWS;
    if first_weight_row >= HELD_ROWS {
        return;
    }
    $declare_sums
    for (var item = 0u; item < ITEMS; item++) {
        $decode_rows
        $multiply_rows
    }
    $keep_sums
}
