// The largest of logit / temperature + Gumbel noise among the tokens that top-k, top-p and min-p keep; see
// `shared::sampling`.
var<workgroup> parts: array<f32, THREADS>;
// Barriers in loops must be passed by all threads: what steers such a loop is shared, so that this can be proven.
var<workgroup> shared_count: u32;
var<workgroup> shared_sum: f32;

fn sum_of_workgroup(value: f32, thread: u32) -> f32 {
    workgroupBarrier();
    parts[thread] = value;
    workgroupBarrier();
    if thread < 8u {
        var part = value;
        for (var other = thread + 8u; other < THREADS; other += 8u) {
            part += parts[other];
        }
        parts[thread] = part;
    }
    workgroupBarrier();
    if thread == 0u {
        shared_sum = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
    }
    return workgroupUniformLoad(&shared_sum);
}

// A number that orders as the float does.
fn order(logit: f32) -> u32 {
    let bits = bitcast<u32>(logit);
    return bits ^ select(0x80000000u, 0xffffffffu, bits >= 0x80000000u);
}

// What the candidates not below `threshold` weigh: one each, or their share of the softmax.
fn weight_above(threshold: u32, count: u32, largest: f32, by_share: bool, thread: u32) -> f32 {
    var sum = 0.0;
    for (var index = thread; index < count; index += THREADS) {
        let logit = candidates[index].logit;
        if order(logit) >= threshold {
            sum += select(1.0, exp((logit - largest) / sampling.temperature), by_share);
        }
    }
    return sum_of_workgroup(sum, thread);
}

// The highest threshold above which the candidates still weigh `wanted`, bit by bit.
fn highest_threshold(wanted: f32, count: u32, largest: f32, by_share: bool, thread: u32) -> u32 {
    var threshold = 0u;
    for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
        if weight_above(threshold | bit, count, largest, by_share, thread) >= wanted {
            threshold |= bit;
        }
    }
    return threshold;
}

fn mix_bits(value: u32) -> u32 {
    var x = value;
    x ^= x >> 16u;
    x *= 0x7feb352du;
    x ^= x >> 15u;
    x *= 0x846ca68bu;
    return x ^ (x >> 16u);
}

// The logarithm of a number between 0 and 1. Near 1 the built-in one may be off by more than the result, so there
// the series of 2 * atanh is used.
fn log_of_unit(x: f32) -> f32 {
    if x < 0.5 {
        return log(x);
    }
    let s = (x - 1.0) / (x + 1.0);
    let q = s * s;
    return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0))))));
}

fn gumbel(position: u32, token: u32) -> f32 {
    let key = mix_bits(sampling.seed_low ^ mix_bits(sampling.seed_high ^ mix_bits(position + 0x9e3779b9u)));
    let bits = mix_bits(key ^ mix_bits(token + 0x85ebca6bu));
    let uniform_draw = (f32(bits >> 9u) + 0.5) / 8388608.0;
    return -log(-log_of_unit(uniform_draw));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
    if thread == 0u {
        shared_count = candidate_count;
    }
    let largest = best_of_chunks(thread).logit;
    let count = workgroupUniformLoad(&shared_count);
    var threshold = 0u;
    if sampling.top_k > 0u && sampling.top_k < count {
        threshold = highest_threshold(f32(sampling.top_k), count, largest, false, thread);
    }
    if sampling.top_p < 1.0 {
        let total = weight_above(threshold, count, largest, true, thread);
        threshold = max(threshold, highest_threshold(sampling.top_p * total, count, largest, true, thread));
    }
    threshold = max(threshold, order(largest + sampling.min_p_distance));
    let position = batch.first_position + batch.tokens;
    var best = Best(0u, LOWEST);
    for (var index = thread; index < count; index += THREADS) {
        let candidate = candidates[index];
        if order(candidate.logit) >= threshold {
            let score = candidate.logit / sampling.temperature + gumbel(position, candidate.token);
            best = better(best, Best(candidate.token, score));
        }
    }
    best = best_of_workgroup(best, thread);
    if thread == 0u {
        choose(best.token);
        candidate_count = 0u;
    }
}
