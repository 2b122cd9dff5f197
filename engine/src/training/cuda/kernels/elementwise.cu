// Sums, conversions, and rows that are taken out and put back; a thread for each value.

#define ACCUMULATE(NAME, TO, FROM)                                                                                     \
    extern "C" __global__ void accumulate_##NAME(TO *to, const FROM *from, u64 count) {                                \
        u64 number = thread_number();                                                                                  \
        if (number < count) add(&to[number], read(from[number]));                                                      \
    }                                                                                                                  \
    extern "C" __global__ void convert_##NAME(TO *to, const FROM *from, u64 count) {                                   \
        u64 number = thread_number();                                                                                  \
        if (number < count) write(&to[number], read(from[number]));                                                    \
    }

ACCUMULATE(f32_f32, float, float)
ACCUMULATE(f32_bf16, float, Bf16)
ACCUMULATE(bf16_f32, Bf16, float)
ACCUMULATE(bf16_bf16, Bf16, Bf16)

extern "C" __global__ void gather_rows(const float *from, const u32 *rows, u32 columns, float *to, u64 count) {
    u64 number = thread_number();
    if (number < count) to[number] = from[(u64)rows[number / columns] * columns + number % columns];
}

// No row may come twice.
extern "C" __global__ void scatter_rows(float *to, const u32 *rows, u32 columns, const float *from, u64 count) {
    u64 number = thread_number();
    if (number < count) to[(u64)rows[number / columns] * columns + number % columns] += from[number];
}

// The derivative by the embeddings: token `tokens[i]` is in the rows `rows[firsts[i]..firsts[i + 1]]` of the batch.
extern "C" __global__ void embed_back(
    float *to_table, const u32 *tokens, const u32 *firsts, const u32 *rows, u32 columns, float scale,
    const float *gradient, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u32 which = number / columns, column = number % columns;
    float sum = 0.0f;
    for (u32 place = firsts[which]; place < firsts[which + 1]; place++) {
        sum += gradient[(u64)rows[place] * columns + column];
    }
    to_table[(u64)tokens[which] * columns + column] += sum * scale;
}
