// Weights in packed form: the bytes of a matrix [N,K] of a file encoding, as many as in the file,
// sorted into planes so that lanes that read neighbouring blocks of 32 columns read neighbouring
// words, each aligned to its size. With T = N * K / 32 blocks, block i = n * (K / 32) + b:
//
//     Q4_0    nibbles [T,16]  scale f16 [T]
//     Q8_0    codes of columns 0..15 [T,16]  of columns 16..31 [T,16]  scale f16 [T]
//     MXFP4   nibbles [T,16]  exponent u8 [T]
//     Q4_K    nibbles [T,16]  head [T/8,16]: d f16, dmin f16, scales u8[12] as in the file
//     Q5_K    nibbles [T,16]  head [T/8,16]  fifth u32 [T]
//     Q6_K    nibbles [T,16]  pairs [T,8]  scales i8 [T,2]  d f16 [T/8]
//
// Byte j of a block's nibbles has column j in its low and column j + 16 in its high half; MXFP4's
// nibbles stand in column order instead, which is the order its table is looked up in. Byte c of
// `fifth` has the fifth bit of column 4 i + c in bit i; byte c of word h of `pairs` has the upper
// two bits of column 16 h + 4 i + c in bits 2 i. The matrix begins at a multiple of 16 bytes and K
// is a multiple of 32 (of 256 for K-quants).
//
// A column's value is (code - CODE_ZERO) * scale + minimum, as in encodings.h, and every float
// below is made by the same operations in the same order.
#pragma once
#include "device.cuh"

#if defined(ENCODING_Q6_K)
#define CODE_SCALES 2
#else
#define CODE_SCALES 1
#endif
#if defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)
#define CODE_MINIMUM 1
#else
#define CODE_MINIMUM 0
#endif
#if defined(ENCODING_Q4_0)
#define CODE_ZERO 8
#elif defined(ENCODING_Q6_K)
#define CODE_ZERO 32
#else
#define CODE_ZERO 0
#endif

// What a lane loads of a block before it computes anything.
struct Raw {
    uint4 codes;
#if defined(ENCODING_Q8_0)
    uint4 upper;
#endif
#if defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)
    uint4 head;
#else
    unsigned scale;
#endif
#if defined(ENCODING_Q5_K)
    unsigned fifth;
#endif
#if defined(ENCODING_Q6_K)
    uint2 pairs;
    unsigned d;
#endif
};

// The places of the planes behind the first, in bytes from the beginning; total is T.
#if defined(ENCODING_Q8_0)
#define SCALES_AT(total) (32 * (total))
#elif defined(ENCODING_Q6_K)
#define PAIRS_AT(total) (16 * (total))
#define SCALES_AT(total) (24 * (total))
#define FACTORS_AT(total) (26 * (total))
#else
#define SCALES_AT(total) (16 * (total))
#define FIFTH_BITS_AT(total) (18 * (total))
#endif

// What belongs to block i but the codes.
INLINE void fetch_scales(const unsigned char* weight, wide total, wide i, Raw& raw) {
#if defined(ENCODING_Q8_0) || defined(ENCODING_Q4_0)
    raw.scale = load2(weight + SCALES_AT(total) + 2 * i);
#elif defined(ENCODING_MXFP4)
    raw.scale = (unsigned) load1(weight + SCALES_AT(total) + i) & 255;
#elif defined(ENCODING_Q6_K)
    raw.scale = load2(weight + SCALES_AT(total) + 2 * i);
    raw.d = load2(weight + FACTORS_AT(total) + i / 8 * 2);
#else
    raw.head = load16(weight + SCALES_AT(total) + i / 8 * 16);
#endif
}

INLINE Raw fetch(const unsigned char* weight, wide total, wide i) {
    Raw raw;
    raw.codes = load16_once(weight + 16 * i);
#if defined(ENCODING_Q8_0)
    raw.upper = load16_once(weight + 16 * (total + i));
#endif
#if defined(ENCODING_Q5_K)
    raw.fifth = load4(weight + FIFTH_BITS_AT(total) + 4 * i);
#endif
#if defined(ENCODING_Q6_K)
    raw.pairs = load8(weight + PAIRS_AT(total) + 8 * i);
#endif
    fetch_scales(weight, total, i, raw);
    return raw;
}

// scale [CODE_SCALES] and minimum of block b of a row, from what fetch_scales() brought.
INLINE void unpack_scales(const Raw& raw, int b, float* scale, float* minimum) {
#if defined(ENCODING_Q8_0) || defined(ENCODING_Q4_0)
    scale[0] = half_value((unsigned short) raw.scale);
#elif defined(ENCODING_MXFP4)
    scale[0] = float_of(raw.scale < 2 ? 0x00200000u << raw.scale : (raw.scale - 1) << 23);
#elif defined(ENCODING_Q6_K)
    float d = half_value((unsigned short) raw.d);
    scale[0] = times(d, (float) (signed char) (raw.scale & 255));
    scale[1] = times(d, (float) (signed char) (raw.scale >> 8));
#else
    // Six bits of scale and minimum j stand in bytes j and j + 4 of the twelve for j < 4, and
    // else in the halves of byte j + 4 with the upper bits of bytes j - 4 and j.
    int j = b % 8;
    int shift = 8 * (j % 4);
    int first = (int) (raw.head.y >> shift) & 255;
    int second = (int) (raw.head.z >> shift) & 255;
    int third = (int) (raw.head.w >> shift) & 255;
    int sixScale = j < 4 ? first & 63 : (third & 15) | (first >> 6) << 4;
    int sixMinimum = j < 4 ? second & 63 : third >> 4 | (second >> 6) << 4;
    scale[0] = times(half_value((unsigned short) (raw.head.x & 0xFFFF)), (float) sixScale);
    minimum[0] = -times(half_value((unsigned short) (raw.head.x >> 16)), (float) sixMinimum);
#endif
}

#define NIBBLES_BELOW(word) ((word) & 0x0F0F0F0Fu)
#define NIBBLES_ABOVE(word) ((word) >> 4 & 0x0F0F0F0Fu)

#if defined(ENCODING_MXFP4)
// Eight nibbles of a word to eight signed bytes: two tables of eight, one for each sign, are
// looked up by the lower three bits of four nibbles at once, and the fourth bit chooses.
INLINE void look_up(unsigned word, unsigned& first, unsigned& second) {
    const unsigned plus0 = 0x03020100u, plus1 = 0x0C080604u;
    const unsigned minus0 = 0xFDFEFF00u, minus1 = 0xF4F8FAFCu;
    unsigned lower = word & 0x77777777u;
    unsigned chosen = (word & 0x88888888u) >> 1 | 0x32103210u;
    first = permute(permute(plus0, plus1, lower), permute(minus0, minus1, lower), chosen);
    second = permute(permute(plus0, plus1, lower >> 16), permute(minus0, minus1, lower >> 16),
            chosen >> 16);
}
#endif

// Two words of codes from word i (0..3) of a block's first plane: code words i and i + 4, of
// columns 4 i.. and 16 + 4 i.., but 2 i and 2 i + 1 for MXFP4.
#if defined(ENCODING_MXFP4)
#define FIRST_CODE_WORD(i) (2 * (i))
#define SECOND_CODE_WORD(i) (2 * (i) + 1)
#else
#define FIRST_CODE_WORD(i) (i)
#define SECOND_CODE_WORD(i) ((i) + 4)
#endif
INLINE void unpack_word(unsigned word, unsigned upper, unsigned fifth, uint2 pairs, int i,
        unsigned& first, unsigned& second) {
#if defined(ENCODING_Q8_0)
    first = word;
    second = upper;
#elif defined(ENCODING_MXFP4)
    look_up(word, first, second);
#else
    first = NIBBLES_BELOW(word);
    second = NIBBLES_ABOVE(word);
#endif
#if defined(ENCODING_Q5_K)
    first |= (fifth >> i & 0x01010101u) << 4;
    second |= fifth >> i & 0x10101010u;
#endif
#if defined(ENCODING_Q6_K)
    first |= (pairs.x >> 2 * i & 0x03030303u) << 4;
    second |= (pairs.y >> 2 * i & 0x03030303u) << 4;
#endif
}

// codes: 8 words of 4 signed bytes in column order.
INLINE void unpack(const Raw& raw, int b, unsigned* codes, float* scale, float* minimum) {
    unsigned words[4] = {raw.codes.x, raw.codes.y, raw.codes.z, raw.codes.w};
    unsigned uppers[4] = {0, 0, 0, 0};
    unsigned fifth = 0;
    uint2 pairs = {0, 0};
#if defined(ENCODING_Q8_0)
    uppers[0] = raw.upper.x;
    uppers[1] = raw.upper.y;
    uppers[2] = raw.upper.z;
    uppers[3] = raw.upper.w;
#endif
#if defined(ENCODING_Q5_K)
    fifth = raw.fifth;
#endif
#if defined(ENCODING_Q6_K)
    pairs = raw.pairs;
#endif
    UNROLL
    for (int i = 0; i < 4; i++) {
        unpack_word(words[i], uppers[i], fifth, pairs, i, codes[FIRST_CODE_WORD(i)],
                codes[SECOND_CODE_WORD(i)]);
    }
    unpack_scales(raw, b, scale, minimum);
}

// The value of a block from the exact sums of code products (sum1 is 0 and sum0 the whole sum
// where there is one scale; CODE_ZERO is already taken off) and d, the scale of the row of x.
// lift is d times the sum of the row's codes, where there is a minimum.
INLINE float block_value(float sum0, float sum1, const float* scale, const float* minimum,
        float d, float lift) {
    float value = times(sum0, times(scale[0], d));
#if CODE_SCALES == 2
    value = fused(sum1, times(scale[1], d), value);
#endif
#if CODE_MINIMUM
    value = fused(minimum[0], lift, value);
#endif
    return value;
}
