// The best logit of the whole vocabulary.
fn best_of_chunks(thread: u32) -> Best {
    var best = Best(0u, LOWEST);
    for (var chunk = thread; chunk < CHUNKS; chunk += THREADS) {
        best = better(best, chunk_bests[chunk]);
    }
    return best_of_workgroup(best, thread);
}
