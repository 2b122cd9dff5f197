// AdamW (Loshchilov & Hutter 2019) as `AdamW::step` computes it, on 32-bit parameters; `copies` are what is multiplied with.

extern "C" __global__ void adam_w(
    float *values, const float *gradients, float *means, float *squares, Bf16 *copies, u64 count, float shortened,
    float beta1, float beta2, float epsilon, float step_size, float root, float kept
) {
    u64 number = thread_number();
    if (number >= count) return;
    float gradient = gradients[number] * shortened;
    float mean = means[number] + (gradient - means[number]) * (1.0f - beta1);
    float square = squares[number] * beta2 + gradient * gradient * (1.0f - beta2);
    float value = values[number] * kept - step_size * mean / (sqrtf(square) / root + epsilon);
    means[number] = mean;
    squares[number] = square;
    values[number] = value;
    write(&copies[number], value);
}

// The sum of the squares of `chunk` values, by a block of 256 threads.
extern "C" __global__ void square_sums(const float *values, u64 count, u32 chunk, double *sums) {
    __shared__ double shared[256];
    u64 first = (u64)blockIdx.x * chunk;
    u64 end = first + chunk < count ? first + chunk : count;
    double sum = 0.0;
    for (u64 place = first + threadIdx.x; place < end; place += blockDim.x) {
        sum += (double)values[place] * (double)values[place];
    }
    shared[threadIdx.x] = sum;
    __syncthreads();
    for (u32 distance = blockDim.x / 2; distance > 0; distance /= 2) {
        if (threadIdx.x < distance) shared[threadIdx.x] += shared[threadIdx.x + distance];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = shared[0];
}
