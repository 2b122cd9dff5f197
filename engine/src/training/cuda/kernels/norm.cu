// Root-mean-square norm (Zhang & Sennrich 2019) and its derivative, each group of `size` columns by a warp.
// `count` is tokens times groups; `inverses`, one over the root of the mean square of each.

template <class Input>
__device__ void norm_of(
    const Input *input, u32 input_stride, const float *weight, u32 size, u32 groups, u32 count, float epsilon,
    Bf16 *output, u32 output_stride, float *inverses
) {
    u32 group = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    u32 lane = threadIdx.x % 32;
    if (group >= count) return;
    u64 token = group / groups;
    u32 column = group % groups * size;
    const Input *from = input + token * input_stride + column;
    Bf16 *to = output + token * output_stride + column;
    float sum = 0.0f;
    for (u32 place = lane; place < size; place += 32) {
        float value = read(from[place]);
        sum += value * value;
    }
    float inverse = 1.0f / sqrtf(warp_sum(sum) / (float)size + epsilon);
    for (u32 place = lane; place < size; place += 32) {
        write(&to[place], read(from[place]) * inverse * weight[place]);
    }
    if (lane == 0) inverses[group] = inverse;
}

template <class Input>
__device__ void norm_back_of(
    const Input *input, u32 input_stride, const float *weight, u32 size, u32 groups, u32 count, const float *inverses,
    const Bf16 *gradient, u32 gradient_stride, Input *to_input
) {
    u32 group = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    u32 lane = threadIdx.x % 32;
    if (group >= count) return;
    u64 token = group / groups;
    u32 column = group % groups * size;
    const Input *from = input + token * input_stride + column;
    Input *to = to_input + token * input_stride + column;
    const Bf16 *behind = gradient + token * gradient_stride + column;
    float inverse = inverses[group];
    float sum = 0.0f;
    for (u32 place = lane; place < size; place += 32) {
        sum += read(from[place]) * read(behind[place]) * weight[place];
    }
    float shared = warp_sum(sum) * inverse * inverse / (float)size;
    for (u32 place = lane; place < size; place += 32) {
        add(&to[place], inverse * (read(behind[place]) * weight[place] - read(from[place]) * shared));
    }
}

// The derivative by the weight: 32 columns by a block, whose 8 warps share the groups out.
template <class Input>
__device__ void norm_back_to_weight_of(
    const Input *input, u32 input_stride, u32 size, u32 groups, u32 count, const float *inverses, const Bf16 *gradient,
    u32 gradient_stride, float *to_weight
) {
    __shared__ float sums[8][32];
    u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    u32 place = blockIdx.x * 32 + lane;
    float sum = 0.0f;
    if (place < size) {
        for (u32 group = warp; group < count; group += 8) {
            u64 token = group / groups;
            u32 column = group % groups * size + place;
            float behind = read(gradient[token * gradient_stride + column]);
            sum += behind * read(input[token * input_stride + column]) * inverses[group];
        }
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && place < size) {
        for (int other = 1; other < 8; other++) sum += sums[other][lane];
        to_weight[place] += sum;
    }
}

#define NORM(NAME, INPUT)                                                                                              \
    extern "C" __global__ void norm_##NAME(                                                                            \
        const INPUT *input, u32 input_stride, const float *weight, u32 size, u32 groups, u32 count, float epsilon,     \
        Bf16 *output, u32 output_stride, float *inverses                                                               \
    ) {                                                                                                                \
        norm_of(input, input_stride, weight, size, groups, count, epsilon, output, output_stride, inverses);           \
    }                                                                                                                  \
    extern "C" __global__ void norm_back_##NAME(                                                                       \
        const INPUT *input, u32 input_stride, const float *weight, u32 size, u32 groups, u32 count,                    \
        const float *inverses, const Bf16 *gradient, u32 gradient_stride, INPUT *to_input                              \
    ) {                                                                                                                \
        norm_back_of(                                                                                                  \
            input, input_stride, weight, size, groups, count, inverses, gradient, gradient_stride, to_input            \
        );                                                                                                             \
    }                                                                                                                  \
    extern "C" __global__ void norm_back_to_weight_##NAME(                                                             \
        const INPUT *input, u32 input_stride, u32 size, u32 groups, u32 count, const float *inverses,                  \
        const Bf16 *gradient, u32 gradient_stride, float *to_weight                                                    \
    ) {                                                                                                                \
        norm_back_to_weight_of(                                                                                        \
            input, input_stride, size, groups, count, inverses, gradient, gradient_stride, to_weight                   \
        );                                                                                                             \
    }

NORM(f32, float)
NORM(bf16, Bf16)
