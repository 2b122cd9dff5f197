@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
    let best = best_of_chunks(thread);
    if thread == 0u {
        choose(best.token);
    }
}
