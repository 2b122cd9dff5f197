// Rotates pairs of each head in place (Su et al. 2021); what is behind the rotated pairs stays. `angles` are cosine and sine
// per token and pair; `direction` is 1 forwards and -1 back. A thread for each pair of each head of each token.

extern "C" __global__ void rope(
    Bf16 *values, u32 stride, u32 heads, u32 head_size, u32 pairs, u32 are_neighbours, const float *angles,
    float direction, u64 count
) {
    u64 number = thread_number();
    if (number >= count) return;
    u32 pair = number % pairs;
    u32 head = number / pairs % heads;
    u64 token = number / pairs / heads;
    const float *angle = angles + (token * pairs + pair) * 2;
    float cosine = angle[0], sine = angle[1] * direction;
    Bf16 *row = values + token * stride + head * head_size;
    Bf16 *first = row + (are_neighbours ? 2 * pair : pair);
    Bf16 *second = row + (are_neighbours ? 2 * pair + 1 : pair + pairs);
    float x = read(*first), y = read(*second);
    write(first, x * cosine - y * sine);
    write(second, x * sine + y * cosine);
}
