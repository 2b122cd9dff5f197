// Weights as files store them, to floats: a thread for each. The layouts are told in `engine::quantization`.

// A 16-bit float.
__device__ inline float half_at(const u8 *bytes) {
    u32 bits = bytes[0] | (u32)bytes[1] << 8;
    u32 sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3FFu;
    if (exponent == 31u) return __uint_as_float(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0u) {
        float small = (float)fraction * 5.9604644775390625e-8f;  // 2^-24
        return sign ? -small : small;
    }
    return __uint_as_float(sign | (exponent + 112u) << 23 | fraction << 13);
}

struct BlockF32 {
    static const u32 VALUES = 1, BYTES = 4;
    __device__ static float at(const u8 *block, u32) {
        return __uint_as_float(block[0] | (u32)block[1] << 8 | (u32)block[2] << 16 | (u32)block[3] << 24);
    }
};

struct BlockBf16 {
    static const u32 VALUES = 1, BYTES = 2;
    __device__ static float at(const u8 *block, u32) {
        return __uint_as_float((u32)block[0] << 16 | (u32)block[1] << 24);
    }
};

struct BlockF16 {
    static const u32 VALUES = 1, BYTES = 2;
    __device__ static float at(const u8 *block, u32) { return half_at(block); }
};

// 16 bytes of which the low halves are the first 16 values.
__device__ inline u32 four_bits(const u8 *bytes, u32 index) { return bytes[index % 16] >> (index / 16 * 4) & 15u; }

__device__ inline u32 fifth_bit(const u8 *bytes, u32 index) { return (bytes[index / 8] >> (index % 8) & 1u) << 4; }

struct BlockQ4_0 {
    static const u32 VALUES = 32, BYTES = 18;
    __device__ static float at(const u8 *block, u32 index) {
        return half_at(block) * ((float)four_bits(block + 2, index) - 8.0f);
    }
};

struct BlockQ4_1 {
    static const u32 VALUES = 32, BYTES = 20;
    __device__ static float at(const u8 *block, u32 index) {
        return half_at(block) * (float)four_bits(block + 4, index) + half_at(block + 2);
    }
};

struct BlockQ5_0 {
    static const u32 VALUES = 32, BYTES = 22;
    __device__ static float at(const u8 *block, u32 index) {
        return half_at(block) * ((float)(four_bits(block + 6, index) | fifth_bit(block + 2, index)) - 16.0f);
    }
};

struct BlockQ5_1 {
    static const u32 VALUES = 32, BYTES = 24;
    __device__ static float at(const u8 *block, u32 index) {
        return half_at(block) * (float)(four_bits(block + 8, index) | fifth_bit(block + 4, index)) + half_at(block + 2);
    }
};

struct BlockQ8_0 {
    static const u32 VALUES = 32, BYTES = 34;
    __device__ static float at(const u8 *block, u32 index) {
        return half_at(block) * (float)(signed char)block[2 + index];
    }
};

// Scale and minimum of a sub-block of 32 values of Q4_K and Q5_K.
struct SubBlock {
    float scale, minimum;
    __device__ SubBlock(const u8 *block, u32 index) {
        const u8 *packed = block + 4;
        u32 scale_bits, minimum_bits;
        if (index < 4) {
            scale_bits = packed[index] & 63u;
            minimum_bits = packed[index + 4] & 63u;
        } else {
            scale_bits = (packed[index + 4] & 15u) | (u32)packed[index - 4] >> 6 << 4;
            minimum_bits = (u32)packed[index + 4] >> 4 | (u32)packed[index] >> 6 << 4;
        }
        scale = half_at(block) * (float)scale_bits;
        minimum = half_at(block + 2) * (float)minimum_bits;
    }
};

struct BlockQ4K {
    static const u32 VALUES = 256, BYTES = 144;
    __device__ static float at(const u8 *block, u32 index) {
        u32 sub_block = index / 32;
        SubBlock sub(block, sub_block);
        u32 bits = block[16 + sub_block / 2 * 32 + index % 32] >> (sub_block % 2 * 4) & 15u;
        return sub.scale * (float)bits - sub.minimum;
    }
};

struct BlockQ5K {
    static const u32 VALUES = 256, BYTES = 176;
    __device__ static float at(const u8 *block, u32 index) {
        u32 sub_block = index / 32;
        SubBlock sub(block, sub_block);
        u32 bits = block[48 + sub_block / 2 * 32 + index % 32] >> (sub_block % 2 * 4) & 15u;
        u32 fifth = (block[16 + index % 32] >> sub_block & 1u) << 4;
        return sub.scale * (float)(bits | fifth) - sub.minimum;
    }
};

struct BlockQ6K {
    static const u32 VALUES = 256, BYTES = 210;
    __device__ static float at(const u8 *block, u32 index) {
        u32 half = index / 128, within = index % 128;
        u32 low = block[half * 64 + within % 64] >> (within / 64 * 4) & 15u;
        u32 high = block[128 + half * 32 + within % 32] >> (within / 32 * 2) & 3u;
        float scale = half_at(block + 208) * (float)(signed char)block[192 + index / 16];
        return scale * ((float)(low | high << 4) - 32.0f);
    }
};

// `dequantize`: `count` values from the beginning. `embed`: the rows of tokens, `scale` times.
#define QUANTIZATION(NAME, BLOCK)                                                                                      \
    extern "C" __global__ void dequantize_##NAME(const u8 *blocks, Bf16 *values, u64 count) {                          \
        u64 number = thread_number();                                                                                  \
        if (number >= count) return;                                                                                   \
        const u8 *block = blocks + number / BLOCK::VALUES * BLOCK::BYTES;                                              \
        write(&values[number], BLOCK::at(block, number % BLOCK::VALUES));                                              \
    }                                                                                                                  \
    extern "C" __global__ void embed_##NAME(                                                                           \
        const u8 *blocks, const u32 *tokens, u32 columns, float scale, float *output, u64 count                        \
    ) {                                                                                                                \
        u64 number = thread_number();                                                                                  \
        if (number >= count) return;                                                                                   \
        u64 place = (u64)tokens[number / columns] * columns + number % columns;                                        \
        const u8 *block = blocks + place / BLOCK::VALUES * BLOCK::BYTES;                                               \
        output[number] = BLOCK::at(block, place % BLOCK::VALUES) * scale;                                              \
    }

QUANTIZATION(f32, BlockF32)
QUANTIZATION(bf16, BlockBf16)
QUANTIZATION(f16, BlockF16)
QUANTIZATION(q4_0, BlockQ4_0)
QUANTIZATION(q4_1, BlockQ4_1)
QUANTIZATION(q5_0, BlockQ5_0)
QUANTIZATION(q5_1, BlockQ5_1)
QUANTIZATION(q8_0, BlockQ8_0)
QUANTIZATION(q4_k, BlockQ4K)
QUANTIZATION(q5_k, BlockQ5K)
QUANTIZATION(q6_k, BlockQ6K)

// NF4 (Dettmers et al. 2023) as bitsandbytes stores it: two values in a byte, the first in its high half; 64 values share a
// scale. `levels` are the 16 values. Row r of what is written is row `rows[r]` of what is stored.
__device__ inline u64 nf4_place(const u32 *rows, u32 columns, u64 number) {
    return (u64)rows[number / columns] * columns + number % columns;
}

__device__ inline float nf4_level(const u8 *packed, const float *levels, u64 place) {
    return levels[packed[place / 2] >> (place % 2 ? 0 : 4) & 15u];
}

extern "C" __global__ void dequantize_nf4(
    const u8 *packed, const float *scales, const float *levels, const u32 *rows, u32 columns, Bf16 *values, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u64 place = nf4_place(rows, columns, number);
    write(&values[number], nf4_level(packed, levels, place) * scales[place / 64]);
}

// Scales that are quantized too: `codes[scales[..]] * coarse[..] + mean`; 256 of them share a coarse one, and `codes` are the
// 256 values of their map.
extern "C" __global__ void dequantize_nf4_double(
    const u8 *packed, const u8 *scales, const float *coarse, const float *codes, float mean, const float *levels,
    const u32 *rows, u32 columns, Bf16 *values, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u64 place = nf4_place(rows, columns, number), block = place / 64;
    float scale = codes[scales[block]] * coarse[block / 256] + mean;
    write(&values[number], nf4_level(packed, levels, place) * scale);
}
