const LOWEST: f32 = -3.0e38;

// A token and its logit or score.
struct Best {
    token: u32,
    logit: f32,
}

// The larger one; of equals the one with the lower index.
fn better(a: Best, b: Best) -> Best {
    if b.logit > a.logit || (b.logit == a.logit && b.token < a.token) {
        return b;
    }
    return a;
}

var<workgroup> bests: array<Best, THREADS>;

// The best of every thread's. Every thread of the workgroup must call it.
fn best_of_workgroup(own: Best, thread: u32) -> Best {
    workgroupBarrier();
    bests[thread] = own;
    workgroupBarrier();
    if thread < 8u {
        var best = own;
        for (var other = thread + 8u; other < THREADS; other += 8u) {
            best = better(best, bests[other]);
        }
        bests[thread] = best;
    }
    workgroupBarrier();
    var best = bests[0];
    for (var other = 1u; other < 8u; other++) {
        best = better(best, bests[other]);
    }
    return best;
}
