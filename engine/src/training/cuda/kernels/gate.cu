// Gated activations (Shazeer 2020) and their derivatives, a thread for each value. Both are x * sigmoid(t(x)): with t(x) = x,
// SiLU; with t(x) = 2 * sqrt(2 / pi) * (x + 0.044715 * x^3), GELU by its tangent.

#define TWICE_ROOT 1.595769122f

struct Sigmoid {
    float value;
    float slope;  // of t
};

__device__ inline Sigmoid sigmoid(float x, u32 is_gelu) {
    float t = is_gelu ? TWICE_ROOT * (x + 0.044715f * x * x * x) : x;
    Sigmoid result;
    result.value = 1.0f / (1.0f + expf(-t));
    result.slope = is_gelu ? TWICE_ROOT * (1.0f + 3.0f * 0.044715f * x * x) : 1.0f;
    return result;
}

extern "C" __global__ void gate(
    const Bf16 *gates, u32 gate_stride, const Bf16 *ups, u32 up_stride, u32 is_gelu, u32 columns, Bf16 *output, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u64 token = number / columns;
    u32 column = number % columns;
    float x = read(gates[token * gate_stride + column]);
    write(&output[number], x * sigmoid(x, is_gelu).value * read(ups[token * up_stride + column]));
}

extern "C" __global__ void gate_back(
    const Bf16 *gates, u32 gate_stride, const Bf16 *ups, u32 up_stride, u32 is_gelu, u32 columns, const Bf16 *gradient,
    Bf16 *to_gates, Bf16 *to_ups, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u64 token = number / columns;
    u32 column = number % columns;
    u64 gate_place = token * gate_stride + column, up_place = token * up_stride + column;
    float x = read(gates[gate_place]), behind = read(gradient[number]);
    Sigmoid s = sigmoid(x, is_gelu);
    add(&to_ups[up_place], behind * x * s.value);
    add(&to_gates[gate_place], behind * read(ups[up_place]) * s.value * (1.0f + x * (1.0f - s.value) * s.slope));
}
