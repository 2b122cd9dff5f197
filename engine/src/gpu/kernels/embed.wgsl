// One thread per item of a row.
@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let item = id.x;
    // Rows of other shards wrap around to numbers far too large.
    let held_row = tokens[id.y] - FIRST_ROW;
    if item >= ITEMS || held_row >= HELD_ROWS {
        return;
    }
    let weights = read_item(held_row, item);
    let scale = weights.scale * SCALE;
    let offset = weights.offset * SCALE;
    let low = at_output(id.y, low_start(item));
    let high = at_output(id.y, high_start(item));
    for (var run = 0u; run < 4u; run++) {
        $output[low + run] = weights.low[run] * scale.x + offset.x;
        $output[high + run] = weights.high[run] * scale.y + offset.y;
    }
}
