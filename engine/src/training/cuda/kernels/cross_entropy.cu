// Cross-entropy of a row of logits by a block of 256 threads: the loss, and the derivative of `scales[row]` times it by the
// logits, where `gradient` is not null.

template <class Combine>
__device__ inline float block_combined(float *shared, float value, Combine combine) {
    shared[threadIdx.x] = value;
    __syncthreads();
    for (u32 distance = blockDim.x / 2; distance > 0; distance /= 2) {
        if (threadIdx.x < distance) {
            shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + distance]);
        }
        __syncthreads();
    }
    float result = shared[0];
    __syncthreads();
    return result;
}

struct Larger {
    __device__ float operator()(float one, float other) const { return fmaxf(one, other); }
};

struct Sum {
    __device__ float operator()(float one, float other) const { return one + other; }
};

extern "C" __global__ void cross_entropy(
    const float *logits, u32 columns, const u32 *targets, const float *scales, float *losses, Bf16 *gradient
) {
    __shared__ float shared[256];
    u64 row = blockIdx.x;
    const float *from = logits + row * columns;
    float largest = MINUS_INFINITY;
    for (u32 column = threadIdx.x; column < columns; column += blockDim.x) largest = fmaxf(largest, from[column]);
    largest = block_combined(shared, largest, Larger());
    float total = 0.0f;
    for (u32 column = threadIdx.x; column < columns; column += blockDim.x) total += expf(from[column] - largest);
    total = block_combined(shared, total, Sum());
    u32 target = targets[row];
    if (threadIdx.x == 0) losses[row] = logf(total) + largest - from[target];
    if (gradient == 0) return;
    float scale = scales[row], factor = scale / total;
    for (u32 column = threadIdx.x; column < columns; column += blockDim.x) {
        float share = expf(from[column] - largest) * factor;
        write(&gradient[row * columns + column], column == target ? share - scale : share);
    }
}
