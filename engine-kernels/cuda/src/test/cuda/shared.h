// The shared kernels as functions that the emulator runs: their OpenCL side, whose few names are
// defined here. They are what the fast kernels must agree with, bit for bit where said.
#pragma once
#include "emulator.h"
#include <random>

namespace shared {

typedef unsigned char uchar;
struct half { uint16_t bits; };
struct char4 { signed char x, y, z, w; };
using std::exp;
using std::fma;
using std::rint;
using std::tanh;
using std::sin;
using std::cos;
using std::sqrt;
using std::fabs;
using std::fmax;
using std::fmin;
using std::erfc;

inline float vload_half(int, const half* at) { return half_value(at->bits); }
inline void vstore_half_rte(float value, int, half* at) { at->bits = half_bits(value); }
inline float as_float(unsigned bits) { return float_of(bits); }
inline unsigned as_uint(float value) { return bits_of(value); }
inline char4 as_char4(int word) { char4 c; memcpy(&c, &word, 4); return c; }
inline int get_local_id(int) { return (int) emulated::machine.now->index; }
inline int get_local_size(int) { return (int) emulated::machine.threads; }
inline int get_group_id(int d) {
    return (int) (d == 0 ? emulated::machine.blockIndex.x : emulated::machine.blockIndex.y);
}
inline long get_global_id(int) {
    return (long) emulated::machine.blockIndex.x * emulated::machine.threads
            + emulated::machine.now->index;
}
inline void barrier(int) { emulated::rest(emulated::Turn::AT_BLOCK); }
inline int atomic_add(int* at, int value) { int old = *at; *at += value; return old; }

#define CLK_LOCAL_MEM_FENCE 1
#define CLK_GLOBAL_MEM_FENCE 2
#define __kernel static
#define __global
#define __local
#define __constant static const
#include "dialect.h"
#undef LOCAL_ARRAY
#define LOCAL_ARRAY(type, name, count) SHARED_ARRAY(type, name, count)
#undef INFINITE
#define INFINITE float_of(0x7F800000u)

