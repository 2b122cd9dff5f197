// Causal attention within each sequence of a packed batch, and its derivative, with an online softmax (Dao et al. 2022): no row
// of scores is ever whole. HEAD_SIZE and TILE (rows at once) are defined before this text.
//
// A block has four threads (a quad) for each row of its tile; each of them has every fourth column of the row.

#define QUAD 4
#define KEPT (HEAD_SIZE / QUAD)
// Two more, so that rows begin in different banks.
#define PADDED (HEAD_SIZE + 2)

// Tokens `first..end` of a sequence `sequence_first..sequence_end`.
struct Tile {
    int first, end, sequence_first, sequence_end;
};

__device__ inline float quad_sum(float value) {
    value += __shfl_xor_sync(WHOLE_WARP, value, 1);
    return value + __shfl_xor_sync(WHOLE_WARP, value, 2);
}

__device__ inline float quad_largest(float value) {
    value = fmaxf(value, __shfl_xor_sync(WHOLE_WARP, value, 1));
    return fmaxf(value, __shfl_xor_sync(WHOLE_WARP, value, 2));
}

// Rows from `first` on; zeros from `end` on.
__device__ inline void load(Bf16 (*to)[PADDED], const Bf16 *from, u32 stride, u32 head, int first, int end) {
    for (int place = threadIdx.x; place < TILE * HEAD_SIZE; place += blockDim.x) {
        int row = place / HEAD_SIZE, column = place % HEAD_SIZE;
        Bf16 zero = {0};
        bool is_there = first + row < end;
        to[row][column] = is_there ? from[(u64)(first + row) * stride + head * HEAD_SIZE + column] : zero;
    }
}

__device__ inline float dot(const Bf16 *one, const Bf16 *other) {
    float sum = 0.0f;
    for (int place = 0; place < HEAD_SIZE; place++) sum += read(one[place]) * read(other[place]);
    return sum;
}

// Without a window it is zero.
__device__ inline bool sees(int query, int key, Tile tile, int window) {
    return key <= query && query < tile.sequence_end && (window == 0 || query - key < window);
}

// The first key that a query of the tile sees.
__device__ inline int first_key(Tile tile, int window) {
    int first = tile.first + 1 - window;
    return window == 0 || first < tile.sequence_first ? tile.sequence_first : first;
}

// The end of the queries that see a key of the tile.
__device__ inline int end_of_queries(Tile tile, int window) {
    int end = tile.end - 1 + window;
    return window == 0 || end > tile.sequence_end ? tile.sequence_end : end;
}

// For each tile of queries and each head. `log_sums` [tokens, heads] are the logarithms of the sums of each softmax.
extern "C" __global__ void __launch_bounds__(TILE *QUAD) attention(
    const Bf16 *query, u32 query_stride, const Bf16 *key, u32 key_stride, const Bf16 *value, u32 value_stride,
    const Tile *tiles, u32 heads_of_key, float scale, int window, Bf16 *output, u32 output_stride, float *log_sums
) {
    __shared__ Bf16 queries[TILE][PADDED], keys[TILE][PADDED], values[TILE][PADDED];
    __shared__ float weights[TILE][TILE + 1];
    Tile tile = tiles[blockIdx.x];
    u32 head = blockIdx.y, key_head = head / heads_of_key;
    int row = threadIdx.x / QUAD, lane = threadIdx.x % QUAD, token = tile.first + row;
    load(queries, query, query_stride, head, tile.first, tile.end);
    float sums[KEPT], largest = MINUS_INFINITY, total = 0.0f;
    for (int place = 0; place < KEPT; place++) sums[place] = 0.0f;
    for (int first = first_key(tile, window); first < tile.end; first += TILE) {
        __syncthreads();
        load(keys, key, key_stride, key_head, first, tile.end);
        load(values, value, value_stride, key_head, first, tile.end);
        __syncthreads();
        float before = largest;
        for (int column = lane; column < TILE; column += QUAD) {
            bool is_seen = token < tile.end && sees(token, first + column, tile, window);
            float score = is_seen ? scale * dot(queries[row], keys[column]) : MINUS_INFINITY;
            weights[row][column] = score;
            largest = fmaxf(largest, score);
        }
        largest = quad_largest(largest);
        // A row may see nothing of these keys, and have seen nothing yet.
        float correction = before == MINUS_INFINITY ? 0.0f : expf(before - largest);
        total *= correction;
        for (int column = lane; column < TILE; column += QUAD) {
            float score = weights[row][column];
            float weight = score == MINUS_INFINITY ? 0.0f : expf(score - largest);
            weights[row][column] = weight;
            total += weight;
        }
        for (int place = 0; place < KEPT; place++) sums[place] *= correction;
        __syncthreads();
        for (int column = 0; column < TILE; column++) {
            float weight = weights[row][column];
            for (int place = 0; place < KEPT; place++) sums[place] += weight * read(values[column][lane + QUAD * place]);
        }
    }
    total = quad_sum(total);
    if (token >= tile.end) return;
    Bf16 *to = output + (u64)token * output_stride + head * HEAD_SIZE;
    for (int place = 0; place < KEPT; place++) write(&to[lane + QUAD * place], sums[place] / total);
    if (lane == 0) log_sums[(u64)token * gridDim.y + head] = largest + logf(total);
}

// output . gradient of each head of each token, `[tokens, heads]`, by a warp.
extern "C" __global__ void attention_means(
    const Bf16 *output, const Bf16 *gradient, u32 stride, u32 heads, u32 count, float *means
) {
    u32 number = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (number >= count) return;
    u64 first = (u64)(number / heads) * stride + number % heads * HEAD_SIZE;
    float sum = 0.0f;
    for (int place = threadIdx.x % 32; place < HEAD_SIZE; place += 32) {
        sum += read(output[first + place]) * read(gradient[first + place]);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) means[number] = sum;
}

// The derivative by the queries, for each tile of them and each head.
extern "C" __global__ void __launch_bounds__(TILE *QUAD) attention_back_to_query(
    const Bf16 *query, u32 query_stride, const Bf16 *key, u32 key_stride, const Bf16 *value, u32 value_stride,
    const Tile *tiles, u32 heads_of_key, float scale, int window, const Bf16 *gradient, u32 gradient_stride,
    const float *log_sums, const float *means, Bf16 *to_query
) {
    __shared__ Bf16 queries[TILE][PADDED], gradients[TILE][PADDED], keys[TILE][PADDED], values[TILE][PADDED];
    __shared__ float to_scores[TILE][TILE + 1];
    Tile tile = tiles[blockIdx.x];
    u32 head = blockIdx.y, key_head = head / heads_of_key;
    int row = threadIdx.x / QUAD, lane = threadIdx.x % QUAD, token = tile.first + row;
    load(queries, query, query_stride, head, tile.first, tile.end);
    load(gradients, gradient, gradient_stride, head, tile.first, tile.end);
    float sums[KEPT], log_sum = 0.0f, mean = 0.0f;
    for (int place = 0; place < KEPT; place++) sums[place] = 0.0f;
    if (token < tile.end) {
        log_sum = log_sums[(u64)token * gridDim.y + head];
        mean = means[(u64)token * gridDim.y + head];
    }
    for (int first = first_key(tile, window); first < tile.end; first += TILE) {
        __syncthreads();
        load(keys, key, key_stride, key_head, first, tile.end);
        load(values, value, value_stride, key_head, first, tile.end);
        __syncthreads();
        for (int column = lane; column < TILE; column += QUAD) {
            bool is_seen = token < tile.end && sees(token, first + column, tile, window);
            float weight = is_seen ? expf(scale * dot(queries[row], keys[column]) - log_sum) : 0.0f;
            to_scores[row][column] = weight * (dot(gradients[row], values[column]) - mean);
        }
        __syncthreads();
        for (int column = 0; column < TILE; column++) {
            float to_score = to_scores[row][column];
            for (int place = 0; place < KEPT; place++) sums[place] += to_score * read(keys[column][lane + QUAD * place]);
        }
    }
    if (token >= tile.end) return;
    Bf16 *to = to_query + (u64)token * query_stride + head * HEAD_SIZE;
    for (int place = 0; place < KEPT; place++) add(&to[lane + QUAD * place], scale * sums[place]);
}

// The derivatives by keys and values, for each tile of them and each of their heads.
extern "C" __global__ void __launch_bounds__(TILE *QUAD) attention_back_to_key(
    const Bf16 *query, u32 query_stride, const Bf16 *key, u32 key_stride, const Bf16 *value, u32 value_stride,
    const Tile *tiles, u32 heads_of_key, float scale, int window, const Bf16 *gradient, u32 gradient_stride,
    const float *log_sums, const float *means, Bf16 *to_key, Bf16 *to_value
) {
    __shared__ Bf16 queries[TILE][PADDED], gradients[TILE][PADDED], keys[TILE][PADDED], values[TILE][PADDED];
    __shared__ float weights[TILE][TILE + 1], to_scores[TILE][TILE + 1];
    Tile tile = tiles[blockIdx.x];
    u32 key_head = blockIdx.y, heads = gridDim.y * heads_of_key;
    int row = threadIdx.x / QUAD, lane = threadIdx.x % QUAD, token = tile.first + row;
    load(keys, key, key_stride, key_head, tile.first, tile.end);
    load(values, value, value_stride, key_head, tile.first, tile.end);
    float key_sums[KEPT], value_sums[KEPT];
    for (int place = 0; place < KEPT; place++) key_sums[place] = value_sums[place] = 0.0f;
    int end = end_of_queries(tile, window);
    for (u32 head = key_head * heads_of_key; head < (key_head + 1) * heads_of_key; head++) {
        for (int first = tile.first; first < end; first += TILE) {
            __syncthreads();
            load(queries, query, query_stride, head, first, end);
            load(gradients, gradient, gradient_stride, head, first, end);
            __syncthreads();
            for (int column = lane; column < TILE; column += QUAD) {
                int other = first + column;
                bool is_seen = token < tile.end && sees(other, token, tile, window);
                float weight = 0.0f, to_score = 0.0f;
                if (is_seen) {
                    u64 place = (u64)other * heads + head;
                    weight = expf(scale * dot(queries[column], keys[row]) - log_sums[place]);
                    to_score = weight * (dot(gradients[column], values[row]) - means[place]);
                }
                weights[row][column] = weight;
                to_scores[row][column] = to_score;
            }
            __syncthreads();
            for (int column = 0; column < TILE; column++) {
                float weight = weights[row][column], to_score = to_scores[row][column];
                for (int place = 0; place < KEPT; place++) {
                    value_sums[place] += weight * read(gradients[column][lane + QUAD * place]);
                    key_sums[place] += to_score * read(queries[column][lane + QUAD * place]);
                }
            }
        }
    }
    if (token >= tile.end) return;
    Bf16 *key_place = to_key + (u64)token * key_stride + key_head * HEAD_SIZE;
    Bf16 *value_place = to_value + (u64)token * value_stride + key_head * HEAD_SIZE;
    for (int place = 0; place < KEPT; place++) {
        add(&key_place[lane + QUAD * place], scale * key_sums[place]);
        add(&value_place[lane + QUAD * place], value_sums[place]);
    }
}
