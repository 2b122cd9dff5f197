// A token further than this below the best, in units of the temperature, can't be drawn: the noise differs by less
// than 20 between any two tokens.
const NEGLIGIBLE: f32 = 25.0;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lowest = best_of_chunks(thread).logit - NEGLIGIBLE * sampling.temperature;
    let first = workgroup.x * CHUNK_LOGITS;
    let end = min(first + CHUNK_LOGITS, VOCABULARY);
    if chunk_bests[workgroup.x].logit < lowest {
        return;
    }
    for (var token = first + thread; token < end; token += THREADS) {
        let logit = logits[token];
        if logit >= lowest {
            candidates[atomicAdd(&candidate_count, 1u)] = Best(token, logit);
        }
    }
}
