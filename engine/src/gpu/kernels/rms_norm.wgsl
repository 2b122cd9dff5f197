// One workgroup per group of a row.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = group.x * GROUP;
    var squares = 0.0;
    for (var column = thread; column < GROUP; column += THREADS) {
        let value = $input[at_input(group.y, first + column)];
        squares += dot(value, value);
    }
    let mean = sum_of_workgroup(squares, thread) / f32(GROUP * 4u);
    let factor = 1.0 / sqrt(mean + EPSILON);
    for (var column = thread; column < GROUP; column += THREADS) {
        let value = $input[at_input(group.y, first + column)];
        $output[at_output(group.y, first + column)] = value * factor * weights[column];
    }
}
