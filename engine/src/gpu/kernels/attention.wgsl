var<workgroup> queries: array<vec4<f32>, HEADS * HEAD_VECTORS>;
var<workgroup> weights: array<f32, HEADS * THREADS>;
var<workgroup> maxima: array<f32, HEADS * 8u>;
var<workgroup> group_totals: array<vec4<f32>, THREADS>;
var<workgroup> group_sums: array<f32, THREADS>;

fn unpack4(words: vec2<u32>) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn chunk_maximum(head: u32) -> f32 {
    let at = head * 8u;
    return max(
        max(max(maxima[at], maxima[at + 1u]), max(maxima[at + 2u], maxima[at + 3u])),
        max(max(maxima[at + 4u], maxima[at + 5u]), max(maxima[at + 6u], maxima[at + 7u])),
    );
}

// Adds up what the groups of threads gathered for one head, and writes the attended head or this split's part of it.
fn finish(
    head_of_group: u32,
    workgroup: vec3<u32>,
    thread: u32,
    splits: u32,
    maximum: f32,
    sum: f32,
    total: vec4<f32>,
) {
    group_totals[thread] = total;
    group_sums[thread] = sum;
    workgroupBarrier();
    if thread < HEAD_VECTORS {
        var all = total;
        var all_sum = sum;
        for (var group = 1u; group < GROUPS; group++) {
            all += group_totals[group * HEAD_VECTORS + thread];
            all_sum += group_sums[group * HEAD_VECTORS + thread];
        }
        let head = workgroup.x * HEADS + head_of_group;
        if splits == 1u {
            output[workgroup.y * OUTPUT_STRIDE + OUTPUT_FIRST + head * HEAD_VECTORS + thread] = all / all_sum;
        } else {
            let at = part_at(head, workgroup.z);
            parts[at + thread] = all;
            if thread == 0u {
                parts[at + HEAD_VECTORS] = vec4<f32>(maximum, all_sum, 0.0, 0.0);
            }
        }
    }
    workgroupBarrier();
}

// x: the key-value head, y: the token, z: the split.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let position = batch.first_position + workgroup.y;
    let seen = seen_positions(position);
    let each = split_positions(seen);
    let splits = (seen + each - 1u) / each;
    let begin = position + 1u - seen + workgroup.z * each;
    let end = min(begin + each, position + 1u);
    for (var index = thread; index < HEADS * HEAD_VECTORS; index += THREADS) {
        let first = QUERY_FIRST + workgroup.x * HEADS * HEAD_VECTORS;
        queries[index] = query[workgroup.y * QUERY_STRIDE + first + index] * SCALE;
    }
    workgroupBarrier();

    let column_of_thread = thread % HEAD_VECTORS;
    let group = thread / HEAD_VECTORS;
    let first_column = workgroup.x * HEAD_VECTORS;
    $declare
    for (var chunk = begin; chunk < end; chunk += THREADS) {
        // A thread scores one position against every query.
        $declare_scores
        if chunk + thread < end {
            $zero_scores
            let at = (chunk + thread) * (KEY_VALUE_HEADS * HEAD_VECTORS) + first_column;
            for (var column = 0u; column < HEAD_VECTORS; column++) {
                let key = unpack4(keys[at + column]);
                $add_scores
            }
        }
        $keep_scores
        workgroupBarrier();
        for (var index = thread; index < HEADS * 8u; index += THREADS) {
            var maximum = LOWEST;
            let first = (index / 8u) * THREADS;
            for (var other = index % 8u; other < THREADS; other += 8u) {
                maximum = max(maximum, weights[first + other]);
            }
            maxima[index] = maximum;
        }
        workgroupBarrier();
        $weigh
        workgroupBarrier();
        // A thread adds up one vector of the values, over its group's positions.
        let count = min(end - chunk, THREADS);
        if group < GROUPS {
            for (var index = group; index < count; index += GROUPS) {
                let value = unpack4(
                    values[(chunk + index) * (KEY_VALUE_HEADS * HEAD_VECTORS) + first_column + column_of_thread]
                );
                $add_values
            }
        }
        workgroupBarrier();
    }
    $finish
}
