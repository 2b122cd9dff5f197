// What the adapter adds to one output: the row of B that stands beside the weight's row, times what A made of the input.
fn adapted(row: u32, weight_row: u32) -> f32 {
    var part = 0u;
    var b_row = 0u;
    $find_part
    var sum = 0.0;
    let first = (row * ADAPTED_PARTS + part) * RANK_VECTORS;
    for (var index = 0u; index < RANK_VECTORS; index++) {
        sum += dot(adapter_b[b_row * RANK_VECTORS + index], reduced[first + index]);
    }
    return sum;
}
