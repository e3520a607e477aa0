// What the fast kernels are written in: CUDA C++, with every instruction that is more than C
// behind a function of this file. Under nvcc these are intrinsics and inline PTX; with EMULATED
// defined they come from the emulator of the tests, which runs the same kernels on the CPU.
//
// A matrix reaches a kernel as a base and a byte offset (MATRIX), as in the shared kernels. No
// expression may be contracted (nvcc -fmad=false); what is a fused multiply-add says fused().
#pragma once

#if defined(EMULATED)
#include "emulator.h"
#else

#define ENTRY(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)
#define INLINE static __device__ __forceinline__
#define CONSTANT static __device__ __constant__ const
#define SHARED_ARRAY(type, name, count) __shared__ __align__(16) type name[count]
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#define UNROLL _Pragma("unroll")
#define KEEP_LOOP _Pragma("unroll 1")

INLINE void sync() { __syncthreads(); }
INLINE void sync_warp() { __syncwarp(); }
INLINE float times(float a, float b) { return __fmul_rn(a, b); }
INLINE float plus(float a, float b) { return __fadd_rn(a, b); }
INLINE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
INLINE float over(float a, float b) { return __fdiv_rn(a, b); }
INLINE float float_of(unsigned bits) { return __uint_as_float(bits); }
INLINE unsigned bits_of(float value) { return __float_as_uint(value); }
INLINE int dot4(int a, int b, int sum) { return __dp4a(a, b, sum); }
INLINE unsigned permute(unsigned a, unsigned b, unsigned selector) {
    return __byte_perm(a, b, selector);
}
template <typename T> INLINE T from_lane(T value, int lane) {
    return __shfl_sync(0xFFFFFFFFu, value, lane);
}
template <typename T> INLINE T across(T value, int mask) {
    return __shfl_xor_sync(0xFFFFFFFFu, value, mask);
}
template <typename T> INLINE T from_below(T value, int distance) {
    return __shfl_up_sync(0xFFFFFFFFu, value, distance);
}
INLINE unsigned votes(bool vote) { return __ballot_sync(0xFFFFFFFFu, vote); }
INLINE int count_bits(unsigned word) { return __popc(word); }
INLINE int leading_zeros(unsigned word) { return __clz((int) word); }
INLINE int atomic_add(int* at, int value) { return atomicAdd(at, value); }
INLINE void atomic_add(unsigned long long* at, unsigned long long value) { atomicAdd(at, value); }
// The lanes of the warp that have the same value.
INLINE unsigned same_lanes(int value) { return __match_any_sync(0xFFFFFFFFu, value); }
// What this thread wrote before is seen by other blocks of threads that see what it writes after.
INLINE void fence() { __threadfence(); }
// A value that other blocks of threads of this launch have written.
INLINE float load_fresh(const float* at) { return __ldcg(at); }

INLINE float half_value(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}
INLINE unsigned short half_bits(float value) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
INLINE unsigned short bfloat_bits(float value) {
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
// Two floats rounded to bfloats, `low` in the lower half of the word.
INLINE unsigned bfloat_pair(float low, float high) {
    unsigned word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
    return word;
}

// 16 bytes that other lanes of the block read as well, and 16 bytes that nobody reads again.
INLINE uint4 load16(const void* at) { return __ldg((const uint4*) at); }
INLINE uint4 load16_once(const void* at) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
            : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(at));
    return v;
}
INLINE uint2 load8(const void* at) { return __ldg((const uint2*) at); }
INLINE unsigned load4(const void* at) { return __ldg((const unsigned*) at); }
INLINE unsigned load2(const void* at) { return __ldg((const unsigned short*) at); }
INLINE int load1(const void* at) { return __ldg((const signed char*) at); }

// Copies to shared memory that the next commit() closes into a group; `live` false fills zeros.
INLINE unsigned shared_address(const void* at) { return (unsigned) __cvta_generic_to_shared(at); }
INLINE void copy16(void* to, const void* from, bool live) {
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;"
            :: "r"(shared_address(to)), "l"(from), "r"(live ? 16 : 0) : "memory");
}
INLINE void copy8(void* to, const void* from, bool live) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;"
            :: "r"(shared_address(to)), "l"(from), "r"(live ? 8 : 0) : "memory");
}
INLINE void copy4(void* to, const void* from, bool live) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
            :: "r"(shared_address(to)), "l"(from), "r"(live ? 4 : 0) : "memory");
}
INLINE void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits until at most `open` of this thread's groups are under way.
template <int open> INLINE void wait_copies() {
    asm volatile("cp.async.wait_group %0;" :: "n"(open) : "memory");
}

// d [16,8] += a [16,16] * b [16,8]. With g = lane / 4 and t = lane % 4, a holds rows g and g + 8
// (a[0], a[1]) at columns 2t, 2t + 1 and the same at columns 8 + 2t.. (a[2], a[3]); b holds rows
// 2t.. (b0) and 8 + 2t.. (b1) of column g; d holds row g, columns 2t, 2t + 1, then row g + 8.
INLINE void mma_bfloat(float* d, const unsigned* a, unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
INLINE void mma_half(float* d, const unsigned* a, unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
// d [16,8] += a [16,32] * b [32,8] of signed bytes: four columns 4t.. where halves have two.
INLINE void mma_bytes32(int* d, const unsigned* a, unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, "
            "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
// d [16,8] += a [16,16] * b [16,8] of signed bytes: rows g and g + 8 at columns 4t..
INLINE void mma_bytes16(int* d, unsigned a0, unsigned a1, unsigned b0) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, "
            "{%4, %5}, {%6}, {%0, %1, %2, %3};"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a0), "r"(a1), "r"(b0));
}

#endif

#define MATRIX(name) unsigned char* name##Buffer, unsigned long long name##Offset
#define AT(type, name) ((type*) (name##Buffer + name##Offset))

#define LANE_OF_WARP ((int) threadIdx.x % 32)
#define WARP ((int) threadIdx.x / 32)

typedef long long wide;

// The bits of a NaN stay those of some NaN.
INLINE float bfloat_value(unsigned bits) { return float_of(bits << 16); }
INLINE float sigmoid_of(float x) { return over(1.0f, plus(1.0f, expf(-x))); }

// The shared kernels' activations; `kind` is the ordinal of the Java enum Activation.
INLINE float activated(int kind, float gate, float up) {
    if (kind == 0) {
        return times(times(gate, sigmoid_of(gate)), up);
    }
    if (kind == 1) {
        float cube = times(times(times(0.044715f, gate), gate), gate);
        float z = times(0.7978845608f, plus(gate, cube));
        return times(times(gate, sigmoid_of(times(2.0f, z))), up);
    }
    float g = fminf(gate, 7.0f);
    float u = fminf(fmaxf(up, -7.0f), 7.0f);
    return times(times(plus(u, 1.0f), g), sigmoid_of(times(1.702f, g)));
}
