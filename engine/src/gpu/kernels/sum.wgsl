// The sum of every thread's value, in two steps of about the square root of their number: cheaper than a tree where
// barriers are dear (software GPUs), and no dearer elsewhere. Every thread of the workgroup must call it.
var<workgroup> sum_values: array<f32, THREADS>;
var<workgroup> sum_parts: array<f32, 8>;

fn sum_of_workgroup(value: f32, thread: u32) -> f32 {
    sum_values[thread] = value;
    workgroupBarrier();
    if thread < 8u {
        var part = 0.0;
        for (var index = thread; index < THREADS; index += 8u) {
            part += sum_values[index];
        }
        sum_parts[thread] = part;
    }
    workgroupBarrier();
    return ((sum_parts[0] + sum_parts[1]) + (sum_parts[2] + sum_parts[3]))
        + ((sum_parts[4] + sum_parts[5]) + (sum_parts[6] + sum_parts[7]));
}
