@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < COLUMNS {
        let at = at_output(id.y, id.x);
        $output[at] = $output[at] + $input[at_input(id.y, id.x)];
    }
}
