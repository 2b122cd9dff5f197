// What all kernels share. No header of CUDA is included, so that compiling needs NVRTC's library and nothing else.
//
// Kernels have no atomics on floats, and every sum has one order: the same input gives the same bytes.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define MINUS_INFINITY (__uint_as_float(0xFF800000u))
#define WHOLE_WARP 0xFFFFFFFFu

// The upper half of a 32-bit float.
struct Bf16 {
    u16 bits;
};

__device__ inline float read(float value) { return value; }

__device__ inline float read(Bf16 value) { return __uint_as_float((u32)value.bits << 16); }

__device__ inline void write(float *place, float value) { *place = value; }

// To the nearest, ties to even.
__device__ inline void write(Bf16 *place, float value) {
    u32 bits = __float_as_uint(value);
    bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    place->bits = (u16)(is_nan ? (bits >> 16 | 0x40u) : (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

template <class Value>
__device__ inline void add(Value *place, float value) {
    write(place, read(*place) + value);
}

// The number of this thread among all of a launch of one dimension.
__device__ inline u64 thread_number() { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }

// Every lane gets the sum of all 32.
__device__ inline float warp_sum(float value) {
    for (int distance = 16; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(WHOLE_WARP, value, distance);
    }
    return value;
}
