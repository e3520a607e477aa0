// The dialect that every kernel of this folder is written in: C with the names below. The same
// text is OpenCL C 1.2 and CUDA C++; whoever compiles a unit puts this file in front of it. A unit
// holds kernels with C names, and no #include.
//
// A matrix reaches a kernel as two arguments: the buffer's base and a byte offset (MATRIX), which
// the kernel turns into a pointer (F32_AT, I32_AT, BYTES_AT). Offsets of floats and integers are
// multiples of 4.
//
// No expression is contracted: what is a fused multiply-add says FMA. nvcc needs -fmad=false.

#if defined(__CUDACC__)

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long long place;
typedef long long wide;

#define KERNEL extern "C" __global__ void
#define FUNCTION static __device__ __forceinline__
#define GLOBAL
#define LOCAL
#define TABLE static __device__ __constant__ const
#define LOCAL_ARRAY(type, name, count) __shared__ type name[count]
#define BARRIER() __syncthreads()
#define LANE ((int) threadIdx.x)
#define LANES ((int) blockDim.x)
#define GROUP_X ((int) blockIdx.x)
#define GROUP_Y ((int) blockIdx.y)
#define GLOBAL_ID ((wide) blockIdx.x * blockDim.x + threadIdx.x)
#define FMA(a, b, c) __fmaf_rn(a, b, c)
#define AS_FLOAT(bits) __uint_as_float(bits)
#define AS_UINT(value) __float_as_uint(value)
#define ROUND_TO_EVEN(x) rintf(x)
#define EXP(x) expf(x)
#define TANH(x) tanhf(x)
#define SIN(x) sinf(x)
#define COS(x) cosf(x)
#define SQRT(x) sqrtf(x)
#define ABS(x) fabsf(x)
#define LARGER(a, b) fmaxf(a, b)
#define SMALLER(a, b) fminf(a, b)
#define INFINITE __uint_as_float(0x7F800000u)
#define ATOMIC_ADD(address, value) atomicAdd(address, value)

FUNCTION float half_to_float(ushort bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

FUNCTION ushort float_to_half(float value) {
    ushort bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

FUNCTION float load_half(const uchar* at) {
    return half_to_float(*(const ushort*) at);
}

FUNCTION void store_half(uchar* at, float value) {
    *(ushort*) at = float_to_half(value);
}

FUNCTION float through_half(float value) {
    return half_to_float(float_to_half(value));
}

// sum + a.x * b.x + .. + a.w * b.w over the four signed bytes of each word.
FUNCTION int dot4(int a, int b, int sum) {
    return __dp4a(a, b, sum);
}

#else

#pragma OPENCL FP_CONTRACT OFF

typedef long wide;
typedef ulong place;

#define KERNEL __kernel void
#define FUNCTION static inline
#define GLOBAL __global
#define LOCAL __local
#define TABLE __constant
#define LOCAL_ARRAY(type, name, count) __local type name[count]
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define LANE ((int) get_local_id(0))
#define LANES ((int) get_local_size(0))
#define GROUP_X ((int) get_group_id(0))
#define GROUP_Y ((int) get_group_id(1))
#define GLOBAL_ID ((wide) get_global_id(0))
#define FMA(a, b, c) fma(a, b, c)
#define AS_FLOAT(bits) as_float(bits)
#define AS_UINT(value) as_uint(value)
#define ROUND_TO_EVEN(x) rint(x)
#define EXP(x) exp(x)
#define TANH(x) tanh(x)
#define SIN(x) sin(x)
#define COS(x) cos(x)
#define SQRT(x) sqrt(x)
#define ABS(x) fabs(x)
#define LARGER(a, b) fmax(a, b)
#define SMALLER(a, b) fmin(a, b)
#define INFINITE INFINITY
#define ATOMIC_ADD(address, value) atomic_add(address, value)

FUNCTION float load_half(GLOBAL const uchar* at) {
    return vload_half(0, (GLOBAL const half*) at);
}

FUNCTION void store_half(GLOBAL uchar* at, float value) {
    vstore_half_rte(value, 0, (GLOBAL half*) at);
}

FUNCTION float through_half(float value) {
    ushort bits;
    vstore_half_rte(value, 0, (half*) &bits);
    return vload_half(0, (const half*) &bits);
}

#if defined(INTEGER_DOT)
FUNCTION int dot4(int a, int b, int sum) {
    return sum + dot_4x8packed_ss_int(as_uint(a), as_uint(b));
}
#else
FUNCTION int dot4(int a, int b, int sum) {
    char4 x = as_char4(a);
    char4 y = as_char4(b);
    return sum + x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
}
#endif

#endif

#define MATRIX(name) GLOBAL uchar* name##Buffer, place name##Offset
#define BYTES_AT(name) (name##Buffer + name##Offset)
#define F32_AT(name) ((GLOBAL float*) (name##Buffer + name##Offset))
#define I32_AT(name) ((GLOBAL int*) (name##Buffer + name##Offset))

FUNCTION float sigmoid(float x) {
    return 1.0f / (1.0f + EXP(-x));
}

// a word of bytes at an even address
FUNCTION uint load_word(GLOBAL const uchar* at) {
    GLOBAL const ushort* halves = (GLOBAL const ushort*) at;
    return (uint) halves[0] | (uint) halves[1] << 16;
}

// a word of bytes at any address
FUNCTION uint load_bytes(GLOBAL const uchar* at) {
    return (uint) at[0] | (uint) at[1] << 8 | (uint) at[2] << 16 | (uint) at[3] << 24;
}
