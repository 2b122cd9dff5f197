// CUDA's words in C++, so that kernels run in tests where there is no GPU. Blocks run one after the other; the threads of a
// block are fibers that are switched at barriers and shuffles, where a block whose threads wait for different things ends the
// program. Memory is the program's own.

#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static thread_local
#define __launch_bounds__(THREADS)

namespace emulation {

struct Dimensions {
    unsigned x, y, z;
};

// Threads that meet: of a warp, or of a block.
struct Barrier {
    unsigned expected = 0, arrived = 0, generation = 0;
};

// A thread. It is begun once, and then runs one block after the other: jumps need no call of the system.
struct Fiber {
    ucontext_t beginning;
    jmp_buf place;
    std::unique_ptr<char[]> stack;
    bool is_done = false;
};

constexpr size_t STACK_BYTES = 64 * 1024;

thread_local std::vector<std::unique_ptr<Fiber>> fibers;
thread_local std::vector<Barrier> warps;
thread_local std::vector<uint32_t> shuffled;
thread_local Barrier block;
thread_local ucontext_t before_first;
thread_local jmp_buf scheduler;
thread_local unsigned current;
thread_local bool has_progress;
thread_local void (*kernel)(void **);
thread_local void **arguments;

}  // namespace emulation

thread_local emulation::Dimensions threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {

inline void pause() {
    if (_setjmp(fibers[current]->place) == 0) _longjmp(scheduler, 1);
}

inline void meet(Barrier &barrier) {
    has_progress = true;
    unsigned generation = barrier.generation;
    if (++barrier.arrived == barrier.expected) {
        barrier.arrived = 0;
        barrier.generation++;
    }
    while (barrier.generation == generation) pause();
}

inline void run_fiber() {
    for (;;) {
        kernel(arguments);
        fibers[current]->is_done = true;
        has_progress = true;
        // A block does not wait for a thread that has left; a shuffle of a whole warp does, and that is an error.
        if (--block.expected == block.arrived && block.arrived > 0) {
            block.arrived = 0;
            block.generation++;
        }
        pause();
    }
}

// Lets the fiber run until it pauses.
inline void resume(unsigned thread) {
    current = thread;
    threadIdx = Dimensions{thread, 0, 0};
    if (_setjmp(scheduler) != 0) return;
    if (thread < fibers.size()) _longjmp(fibers[thread]->place, 1);
    fibers.push_back(std::make_unique<Fiber>());
    Fiber &fiber = *fibers.back();
    fiber.stack.reset(new char[STACK_BYTES]);
    getcontext(&fiber.beginning);
    fiber.beginning.uc_stack.ss_sp = fiber.stack.get();
    fiber.beginning.uc_stack.ss_size = STACK_BYTES;
    fiber.beginning.uc_link = nullptr;
    makecontext(&fiber.beginning, run_fiber, 0);
    swapcontext(&before_first, &fiber.beginning);
}

inline void run_block() {
    unsigned threads = blockDim.x;
    block = Barrier{threads, 0, 0};
    warps.assign((threads + 31) / 32, Barrier{});
    shuffled.assign(threads, 0);
    for (unsigned thread = 0; thread < threads; thread++) {
        warps[thread / 32].expected++;
        if (thread < fibers.size()) fibers[thread]->is_done = false;
    }
    bool is_first = true;
    for (unsigned left = threads; left > 0; is_first = false) {
        has_progress = false;
        left = 0;
        for (unsigned thread = 0; thread < threads; thread++) {
            if (!is_first && fibers[thread]->is_done) continue;
            resume(thread);
            left += !fibers[thread]->is_done;
        }
        if (left > 0 && !has_progress) {
            std::fprintf(stderr, "threads of a block wait for different barriers\n");
            std::abort();
        }
    }
}

template <class... Arguments, size_t... Places>
void call(void (*function)(Arguments...), void **values, std::index_sequence<Places...>) {
    function(*static_cast<Arguments *>(values[Places])...);
}

template <class... Arguments>
void call(void (*function)(Arguments...), void **values) {
    call(function, values, std::index_sequence_for<Arguments...>{});
}

struct Entry {
    const char *name;
    void (*run)(void **);
};

}  // namespace emulation

inline void __syncthreads() { emulation::meet(emulation::block); }

inline float __shfl_xor_sync(unsigned, float value, int distance) {
    unsigned mine = threadIdx.x;
    emulation::Barrier &warp = emulation::warps[mine / 32];
    std::memcpy(&emulation::shuffled[mine], &value, sizeof value);
    emulation::meet(warp);
    float other;
    std::memcpy(&other, &emulation::shuffled[mine ^ (unsigned)distance], sizeof other);
    emulation::meet(warp);
    return other;
}

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
