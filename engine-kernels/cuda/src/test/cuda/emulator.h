// Runs CUDA kernels on the CPU. Blocks run one after another; the threads of a block are fibers
// that run until they meet others: at sync(), at an operation of the whole warp (shuffle, ballot,
// mma), or at their end. Such an operation is lane-exact: the fragment layouts are those of the
// PTX ISA. The order in which ready threads run is turned around or shuffled from launch to
// launch, so that a kernel that lacks a barrier gives other results under another order.
//
// What it finds: lanes of a warp that meet in different operations, barriers that not all threads
// reach, loads that are not aligned, copies that are read before they were waited for (they are
// done when they are waited for), shared memory that is read before it was written (it is filled
// with NaN for every block), and, compiled with -fsanitize=address, accesses out of bounds.
// What it can not find: whatever depends on time, and the rounding inside a tensor core's sum.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <vector>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

struct int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };
struct float2 { float x, y; };
struct float4 { float x, y, z, w; };
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) { }
};

namespace emulated {

enum class Turn { READY, AT_BLOCK, AT_WARP, DONE };

struct Exchange { int kind; unsigned words[16]; };

struct Copy { void* to; const void* from; int bytes; bool live; };

struct Fiber {
    std::vector<unsigned char> stack;
    void* pointer = nullptr;
#if !defined(__x86_64__)
    ucontext_t context;
#endif
    Turn turn = Turn::DONE;
    unsigned index = 0;
    unsigned meetings = 0;
    Exchange given[2];
    std::vector<Copy> open;
    std::vector<std::vector<Copy>> groups;
};

struct Machine {
    std::vector<Fiber> fibers;
    void* home = nullptr;
#if !defined(__x86_64__)
    ucontext_t homeContext;
#endif
    Fiber* now = nullptr;
    unsigned threads = 0;
    dim3 grid, block, blockIndex;
    unsigned long blockNumber = 0;
    std::vector<unsigned char> dynamic;
    const std::function<void()>* body = nullptr;
    int order = 0;
};

inline Machine machine;

[[noreturn]] inline void fail(const char* what) {
    fprintf(stderr, "emulator: %s (block %u,%u thread %u)\n", what, machine.blockIndex.x,
            machine.blockIndex.y, machine.now == nullptr ? 0 : machine.now->index);
    _Exit(1);
}

#if defined(__x86_64__)
// Pushes what a callee keeps, changes stacks, pops it again.
extern "C" void emulated_switch(void** from, void* to);
asm(R"(
.text
.globl emulated_switch
.type emulated_switch, @function
emulated_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");
#endif

inline void rest(Turn turn) {
    Fiber* f = machine.now;
    f->turn = turn;
#if defined(__x86_64__)
    emulated_switch(&f->pointer, machine.home);
#else
    swapcontext(&f->context, &machine.homeContext);
#endif
}

inline void run_body() {
    (*machine.body)();
    rest(Turn::DONE);
    abort();
}

inline void begin(Fiber& f, unsigned index) {
    constexpr size_t STACK = 128 << 10;
    f.stack.resize(STACK);
    f.index = index;
    f.meetings = 0;
    f.open.clear();
    f.groups.clear();
    f.turn = Turn::READY;
#if defined(__x86_64__)
    auto top = ((uintptr_t) f.stack.data() + STACK) & ~(uintptr_t) 15;
    auto* words = (uintptr_t*) top;
    words[-2] = (uintptr_t) run_body;
    for (int i = 3; i <= 8; i++) {
        words[-i] = 0;
    }
    f.pointer = words - 8;
#else
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.data();
    f.context.uc_stack.ss_size = STACK;
    f.context.uc_link = nullptr;
    makecontext(&f.context, run_body, 0);
#endif
}

inline void resume(Fiber& f) {
    machine.now = &f;
#if defined(__x86_64__)
    emulated_switch(&machine.home, f.pointer);
#else
    swapcontext(&machine.homeContext, &f.context);
#endif
}

// Lets go of the threads that wait for each other, if all of them have come.
inline bool release(unsigned from, unsigned to, Turn waiting) {
    unsigned live = 0;
    for (unsigned i = from; i < to; i++) {
        Turn turn = machine.fibers[i].turn;
        if (turn == Turn::DONE) {
            continue;
        }
        if (turn != waiting) {
            return false;
        }
        live++;
    }
    if (live != 0 && waiting == Turn::AT_WARP && live != to - from) {
        fail("lanes have left a warp that meets");
    }
    for (unsigned i = from; i < to; i++) {
        if (machine.fibers[i].turn == waiting) {
            machine.fibers[i].turn = Turn::READY;
        }
    }
    return live != 0;
}

inline void run_block(std::vector<unsigned>& warpOrder, std::mt19937& random) {
    unsigned threads = machine.threads;
    for (unsigned i = 0; i < threads; i++) {
        begin(machine.fibers[i], i);
    }
    for (;;) {
        bool moved = false;
        if (machine.order == 2) {
            std::shuffle(warpOrder.begin(), warpOrder.end(), random);
        }
        for (unsigned w : warpOrder) {
            unsigned from = w * 32;
            unsigned to = std::min(from + 32, threads);
            do {
                for (unsigned i = from; i < to; i++) {
                    Fiber& f = machine.fibers[machine.order == 1 ? from + to - 1 - i : i];
                    if (f.turn == Turn::READY) {
                        resume(f);
                        moved = true;
                    }
                }
            } while (release(from, to, Turn::AT_WARP));
        }
        moved |= release(0, threads, Turn::AT_BLOCK);
        bool done = true;
        for (unsigned i = 0; i < threads; i++) {
            done &= machine.fibers[i].turn == Turn::DONE;
        }
        if (done) {
            return;
        }
        if (!moved) {
            fail("threads wait for each other at different barriers");
        }
    }
}

/// Runs body once for every thread of the grid. `order` 0 runs threads forwards, 1 backwards, 2
/// with the warps shuffled.
inline void launch(dim3 grid, dim3 block, size_t sharedBytes, int order,
        const std::function<void()>& body) {
    machine.grid = grid;
    machine.block = block;
    machine.threads = block.x;
    machine.body = &body;
    machine.order = order;
    if (machine.fibers.size() < machine.threads) {
        machine.fibers.resize(machine.threads);
    }
    if (sharedBytes > 227 * 1024) {
        fail("more shared memory than a block may have");
    }
    std::vector<unsigned> warpOrder((machine.threads + 31) / 32);
    for (unsigned w = 0; w < warpOrder.size(); w++) {
        warpOrder[w] = order == 1 ? (unsigned) warpOrder.size() - 1 - w : w;
    }
    std::mt19937 random(7);
    for (unsigned y = 0; y < grid.y; y++) {
        for (unsigned x = 0; x < grid.x; x++) {
            machine.blockIndex = dim3(x, y);
            machine.blockNumber++;
            machine.dynamic.assign(sharedBytes, 0xFF);
            machine.dynamic.shrink_to_fit();
            run_block(warpOrder, random);
        }
    }
}

/// An array of the block, filled with NaN the first time that a block asks for it.
template <typename T, int count> struct BlockArray {
    alignas(16) T values[count];
    unsigned long block = 0;
    T* at() {
        if (block != machine.blockNumber) {
            block = machine.blockNumber;
            memset((void*) values, 0xFF, sizeof(values));
        }
        return values;
    }
};

// Every lane gives words and, once all lanes have, sees those of the others. Two sets of words
// take turns: a lane gives again only after all lanes have met, so nobody reads what it replaces.
inline void meet(int kind, const void* words, size_t bytes) {
    Fiber* f = machine.now;
    Exchange& mine = f->given[f->meetings % 2];
    f->meetings++;
    mine.kind = kind;
    memcpy(mine.words, words, bytes);
    rest(Turn::AT_WARP);
}

inline const Exchange& given(int lane) {
    Fiber* f = machine.now;
    Fiber& other = machine.fibers[f->index / 32 * 32 + lane];
    const Exchange& theirs = other.given[(f->meetings - 1) % 2];
    // A lane that ran on may have met once more already, with its other set of words.
    if (theirs.kind != f->given[(f->meetings - 1) % 2].kind
            || other.meetings - f->meetings > 1) {
        fail("lanes of a warp meet in different operations");
    }
    return theirs;
}

inline void check_aligned(const void* at, size_t bytes) {
    if ((uintptr_t) at % bytes != 0) {
        fail("an access is not aligned");
    }
}

} // namespace emulated

#define ENTRY(threads, blocks) static void
#define INLINE static inline
#define CONSTANT static const
#define SHARED_ARRAY(type, name, count) \
    static emulated::BlockArray<type, count> name##Store; type* name = name##Store.at()
#define DYNAMIC_SHARED(name) unsigned char* name = emulated::machine.dynamic.data()
#define UNROLL
#define KEEP_LOOP
#define threadIdx dim3(emulated::machine.now->index)
#define blockIdx emulated::machine.blockIndex
#define blockDim emulated::machine.block
#define gridDim emulated::machine.grid

INLINE void sync() { emulated::rest(emulated::Turn::AT_BLOCK); }
INLINE void sync_warp() { emulated::meet(1, nullptr, 0); emulated::given(0); }
INLINE float times(float a, float b) { return a * b; }
INLINE float plus(float a, float b) { return a + b; }
INLINE float fused(float a, float b, float c) { return std::fma(a, b, c); }
INLINE float over(float a, float b) { return a / b; }
INLINE float float_of(unsigned bits) { float f; memcpy(&f, &bits, 4); return f; }
INLINE unsigned bits_of(float value) { unsigned b; memcpy(&b, &value, 4); return b; }

INLINE int dot4(int a, int b, int sum) {
    for (int i = 0; i < 4; i++) {
        sum += (int) (signed char) (a >> 8 * i) * (int) (signed char) (b >> 8 * i);
    }
    return sum;
}
INLINE unsigned permute(unsigned a, unsigned b, unsigned selector) {
    uint64_t bytes = (uint64_t) b << 32 | a;
    unsigned out = 0;
    for (int i = 0; i < 4; i++) {
        unsigned s = selector >> 4 * i & 15;
        unsigned byte = (unsigned) (bytes >> 8 * (s & 7)) & 255;
        out |= ((s & 8) != 0 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
    }
    return out;
}
template <typename T> INLINE T lane_value(int kind, T value, int lane) {
    emulated::meet(kind, &value, sizeof(T));
    T out;
    memcpy(&out, emulated::given(lane).words, sizeof(T));
    return out;
}
INLINE int this_lane() { return (int) emulated::machine.now->index % 32; }
template <typename T> INLINE T from_lane(T value, int lane) {
    return lane_value(2, value, lane & 31);
}
template <typename T> INLINE T across(T value, int mask) {
    return lane_value(3, value, this_lane() ^ mask);
}
template <typename T> INLINE T from_below(T value, int distance) {
    int lane = this_lane() - distance;
    return lane_value(4, value, lane < 0 ? this_lane() : lane);
}
INLINE unsigned votes(bool vote) {
    unsigned word = vote ? 1 : 0;
    emulated::meet(5, &word, 4);
    unsigned out = 0;
    for (int lane = 0; lane < 32; lane++) {
        out |= emulated::given(lane).words[0] << lane;
    }
    return out;
}
INLINE int count_bits(unsigned word) { return __builtin_popcount(word); }
INLINE int leading_zeros(unsigned word) { return word == 0 ? 32 : __builtin_clz(word); }
INLINE int atomic_add(int* at, int value) { int old = *at; *at += value; return old; }
INLINE void atomic_add(unsigned long long* at, unsigned long long value) { *at += value; }
INLINE unsigned same_lanes(int value) {
    emulated::meet(10, &value, 4);
    unsigned out = 0;
    for (int lane = 0; lane < 32; lane++) {
        out |= (emulated::given(lane).words[0] == (unsigned) value ? 1u : 0u) << lane;
    }
    return out;
}
INLINE void fence() { }
INLINE float load_fresh(const float* at) { return *at; }

// A table, since the compiler's conversion is a slow call on many machines.
INLINE std::vector<float> all_halves() {
    std::vector<float> values(1 << 16);
    for (size_t i = 0; i < values.size(); i++) {
        auto bits = (unsigned short) i;
        _Float16 h;
        memcpy(&h, &bits, 2);
        values[i] = (float) h;
    }
    return values;
}
inline const std::vector<float> halves = all_halves();
INLINE float half_value(unsigned short bits) { return halves[bits]; }
INLINE unsigned short half_bits(float value) {
    auto h = (_Float16) value;
    unsigned short bits;
    memcpy(&bits, &h, 2);
    return bits;
}
INLINE unsigned short bfloat_bits(float value) {
    unsigned u = bits_of(value);
    return (u & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FFF
            : (unsigned short) ((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}
INLINE unsigned bfloat_pair(float low, float high) {
    return bfloat_bits(low) | (unsigned) bfloat_bits(high) << 16;
}

template <typename T> INLINE T aligned_load(const void* at) {
    emulated::check_aligned(at, sizeof(T));
    return *(const T*) at;
}
INLINE uint4 load16(const void* at) {
    emulated::check_aligned(at, 16);
    return *(const uint4*) at;
}
INLINE uint4 load16_once(const void* at) { return load16(at); }
INLINE uint2 load8(const void* at) { return aligned_load<uint2>(at); }
INLINE unsigned load4(const void* at) { return aligned_load<unsigned>(at); }
INLINE unsigned load2(const void* at) { return aligned_load<unsigned short>(at); }
INLINE int load1(const void* at) { return *(const signed char*) at; }

INLINE void copy_later(void* to, const void* from, int bytes, bool live) {
    emulated::check_aligned(to, (size_t) bytes);
    emulated::check_aligned(from, (size_t) bytes);
    emulated::machine.now->open.push_back({to, from, bytes, live});
}
INLINE void copy16(void* to, const void* from, bool live) { copy_later(to, from, 16, live); }
INLINE void copy8(void* to, const void* from, bool live) { copy_later(to, from, 8, live); }
INLINE void copy4(void* to, const void* from, bool live) { copy_later(to, from, 4, live); }
INLINE void commit() {
    auto* f = emulated::machine.now;
    f->groups.push_back(std::move(f->open));
    f->open.clear();
}
template <int open> INLINE void wait_copies() {
    auto* f = emulated::machine.now;
    while (f->groups.size() > open) {
        for (const emulated::Copy& c : f->groups.front()) {
            if (c.live) {
                memcpy(c.to, c.from, (size_t) c.bytes);
            } else {
                memset(c.to, 0, (size_t) c.bytes);
            }
        }
        f->groups.erase(f->groups.begin());
    }
}

struct Fragments { unsigned a[4], b[2]; };

// The value of 16-bit column c of the row that the words of a fragment hold.
template <float value(unsigned short)> INLINE void mma_of_16(int kind, float* d,
        const unsigned* a, unsigned b0, unsigned b1) {
    Fragments mine = {{a[0], a[1], a[2], a[3]}, {b0, b1}};
    emulated::meet(kind, &mine, sizeof(mine));
    int lane = this_lane();
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + i / 2 * 8;
        int col = lane % 4 * 2 + i % 2;
        double sum = 0;
        for (int k = 0; k < 16; k++) {
            const unsigned* left = emulated::given(row % 8 * 4 + k % 8 / 2).words;
            const unsigned* right = emulated::given(col * 4 + k % 8 / 2).words;
            unsigned x = left[row / 8 + k / 8 * 2] >> k % 2 * 16;
            unsigned y = right[4 + k / 8] >> k % 2 * 16;
            sum += (double) value((unsigned short) x) * (double) value((unsigned short) y);
        }
        d[i] = (float) ((double) d[i] + sum);
    }
}
INLINE float bfloat_bits_value(unsigned short bits) { return float_of((unsigned) bits << 16); }
INLINE void mma_bfloat(float* d, const unsigned* a, unsigned b0, unsigned b1) {
    mma_of_16<bfloat_bits_value>(6, d, a, b0, b1);
}
INLINE void mma_half(float* d, const unsigned* a, unsigned b0, unsigned b1) {
    mma_of_16<half_value>(7, d, a, b0, b1);
}
INLINE void mma_bytes(int kind, int columns, int* d, const unsigned* a, unsigned b0,
        unsigned b1) {
    Fragments mine = {{a[0], a[1], a[2], a[3]}, {b0, b1}};
    emulated::meet(kind, &mine, sizeof(mine));
    int lane = this_lane();
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + i / 2 * 8;
        int col = lane % 4 * 2 + i % 2;
        for (int k = 0; k < columns; k += 4) {
            unsigned x = emulated::given(row % 8 * 4 + k % 16 / 4).words[row / 8 + k / 16 * 2];
            unsigned y = emulated::given(col * 4 + k % 16 / 4).words[4 + k / 16];
            d[i] = dot4((int) x, (int) y, d[i]);
        }
    }
}
INLINE void mma_bytes32(int* d, const unsigned* a, unsigned b0, unsigned b1) {
    mma_bytes(8, 32, d, a, b0, b1);
}
INLINE void mma_bytes16(int* d, unsigned a0, unsigned a1, unsigned b0) {
    unsigned a[4] = {a0, a1, 0, 0};
    mma_bytes(9, 16, d, a, b0, 0);
}
