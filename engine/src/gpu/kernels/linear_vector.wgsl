var<workgroup> parts: array<f32, GROUP_ROWS * LANES>;

fn product(
    row: u32,
    item: u32,
    low: mat4x4<f32>,
    high: mat4x4<f32>,
    low_sum: f32,
    high_sum: f32,
) -> f32 {
    let weights = read_item(row, item);
    var sum = weights.scale.x * dot16(weights.low, low) + weights.scale.y * dot16(weights.high, high);
    if HAS_OFFSET {
        sum += weights.offset.x * low_sum + weights.offset.y * high_sum;
    }
    return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread % LANES;
    let group = thread / LANES;
    let first_of_workgroup = workgroup.x * GROUP_ROWS;
    let first_row = first_of_workgroup + group * ROWS_PER_THREAD;
    $declare_sums
    for (var item = lane; item < ITEMS; item += LANES) {
        let low_at = at_input(workgroup.y, low_start(item));
        let high_at = at_input(workgroup.y, high_start(item));
        let low = mat4x4<f32>($input[low_at], $input[low_at + 1u], $input[low_at + 2u], $input[low_at + 3u]);
        let high = mat4x4<f32>($input[high_at], $input[high_at + 1u], $input[high_at + 2u], $input[high_at + 3u]);
        let low_sum = select(0.0, sum16(low), HAS_OFFSET);
        let high_sum = select(0.0, sum16(high), HAS_OFFSET);
        $multiply_rows
    }
    $keep_sums
    workgroupBarrier();
    for (var index = thread; index < GROUP_ROWS; index += THREADS) {
        let weight_row = first_of_workgroup + index;
        if weight_row < HELD_ROWS {
            var sum = 0.0;
            for (var part = 0u; part < LANES; part++) {
                sum += parts[index * LANES + part];
            }
            let row = workgroup.y;
            $add_adapted
            let at = row * OUTPUT_STRIDE + OUTPUT_FIRST + FIRST_ROW + weight_row;
            if ACCUMULATE {
                sum += output[at];
            }
            output[at] = sum;
        }
    }
}
