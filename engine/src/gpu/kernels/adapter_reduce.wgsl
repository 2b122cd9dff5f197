// One workgroup per row of A and row of the input.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    var part = 0.0;
    for (var column = thread; column < COLUMNS; column += THREADS) {
        part += dot($input[at_input(group.y, column)], adapter_a[group.x * COLUMNS + column]);
    }
    let sum = sum_of_workgroup(part, thread);
    if thread == 0u {
        reduced[group.y * WIDTH + group.x] = sum;
    }
}
