// One workgroup per chunk of the vocabulary.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = workgroup.x * CHUNK_LOGITS;
    let end = min(first + CHUNK_LOGITS, VOCABULARY);
    var best = Best(first, LOWEST);
    for (var token = first + thread; token < end; token += THREADS) {
        var logit = logits[token];
        if sampling.repetition_penalty != 1.0 && ((seen[token >> 5u] >> (token & 31u)) & 1u) == 1u {
            logit = select(logit * sampling.repetition_penalty, logit / sampling.repetition_penalty, logit > 0.0);
            logits[token] = logit;
        }
        if sampling.is_constrained == 1u && ((allowed[token >> 5u] >> (token & 31u)) & 1u) == 0u {
            logit = LOWEST;
            logits[token] = logit;
        }
        if logit > best.logit {
            best = Best(token, logit);
        }
    }
    best = best_of_workgroup(best, thread);
    if thread == 0u {
        chunk_bests[workgroup.x] = best;
    }
}
