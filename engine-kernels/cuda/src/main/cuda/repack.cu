// From a file's blocks to packed planes (packed.cuh), and rows of a packed table. Compiled once
// for each encoding.
#include "packed.cuh"

INLINE void put_bytes(unsigned char* to, const unsigned char* from, int count) {
    for (int i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

#if defined(ENCODING_Q4_0) || defined(ENCODING_Q8_0)
INLINE void repack_block(const unsigned char* from, unsigned char* to, wide total, wide i) {
#if defined(ENCODING_Q8_0)
    const unsigned char* block = from + 34 * i;
    put_bytes(to + 16 * (total + i), block + 18, 16);
#else
    const unsigned char* block = from + 18 * i;
#endif
    put_bytes(to + 16 * i, block + 2, 16);
    put_bytes(to + SCALES_AT(total) + 2 * i, block, 2);
}
#elif defined(ENCODING_MXFP4)
INLINE void repack_block(const unsigned char* from, unsigned char* to, wide total, wide i) {
    const unsigned char* block = from + 17 * i;
    to[SCALES_AT(total) + i] = block[0];
    for (int j = 0; j < 16; j++) {
        int column = 2 * j;
        int first = column < 16 ? block[1 + column] & 15 : block[1 + column - 16] >> 4;
        int second = column < 16 ? block[2 + column] & 15 : block[2 + column - 16] >> 4;
        to[16 * i + j] = (unsigned char) (first | second << 4);
    }
}
#elif defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)
#if defined(ENCODING_Q4_K)
#define FILE_BLOCK 144
#define FILE_CODES 16
#else
#define FILE_BLOCK 176
#define FILE_CODES 48
#endif
INLINE void repack_block(const unsigned char* from, unsigned char* to, wide total, wide i) {
    const unsigned char* block = from + FILE_BLOCK * (i / 8);
    int j = (int) (i % 8);
    const unsigned char* codes = block + FILE_CODES + 32 * (j / 2);
    int shift = 4 * (j % 2);
    for (int c = 0; c < 16; c++) {
        int below = codes[c] >> shift & 15;
        int above = codes[16 + c] >> shift & 15;
        to[16 * i + c] = (unsigned char) (below | above << 4);
    }
    if (j == 0) {
        put_bytes(to + SCALES_AT(total) + i / 8 * 16, block, 16);
    }
#if defined(ENCODING_Q5_K)
    for (int c = 0; c < 4; c++) {
        int bits = 0;
        for (int k = 0; k < 8; k++) {
            bits |= (block[16 + 4 * k + c] >> j & 1) << k;
        }
        to[FIFTH_BITS_AT(total) + 4 * i + c] = (unsigned char) bits;
    }
#endif
}
#elif defined(ENCODING_Q6_K)
INLINE void repack_block(const unsigned char* from, unsigned char* to, wide total, wide i) {
    const unsigned char* block = from + 210 * (i / 8);
    int j = (int) (i % 8);
    const unsigned char* low = block + 64 * (j / 4) + 32 * (j & 1);
    const unsigned char* high = block + 128 + 32 * (j / 4);
    int shift = j % 4 < 2 ? 0 : 4;
    for (int c = 0; c < 16; c++) {
        int below = low[c] >> shift & 15;
        int above = low[16 + c] >> shift & 15;
        to[16 * i + c] = (unsigned char) (below | above << 4);
    }
    for (int h = 0; h < 2; h++) {
        for (int c = 0; c < 4; c++) {
            int bits = 0;
            for (int k = 0; k < 4; k++) {
                bits |= (high[16 * h + 4 * k + c] >> (2 * (j % 4)) & 3) << (2 * k);
            }
            to[PAIRS_AT(total) + 8 * i + 4 * h + c] = (unsigned char) bits;
        }
    }
    put_bytes(to + SCALES_AT(total) + 2 * i, block + 192 + 2 * j, 2);
    if (j == 0) {
        put_bytes(to + FACTORS_AT(total) + i / 8 * 2, block + 208, 2);
    }
}
#endif

// to = from [N,K] packed; the two do not overlap. One thread a block of 32 columns.
ENTRY(256, 1) repack_weight(MATRIX(from), MATRIX(to), int outputs, int cols) {
    wide total = (wide) outputs * (cols / 32);
    wide i = (wide) blockIdx.x * blockDim.x + threadIdx.x;
    if (i < total) {
        repack_block(AT(const unsigned char, from), AT(unsigned char, to), total, i);
    }
}

// out [T,K] = scale * table [V,K] at rows tokenIds [T,1]; one thread a block of 32 columns.
ENTRY(256, 1) embed_packed(MATRIX(table), int outputs, MATRIX(tokenIds), float scale, MATRIX(out),
        int rows, int cols) {
    int blocks = cols / 32;
    wide at = (wide) blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (wide) rows * blocks) {
        return;
    }
    int b = (int) (at % blocks);
    wide row = AT(const int, tokenIds)[at / blocks];
    unsigned codes[8];
    float factor[2];
    float minimum[1] = {0.0f};
    unpack(fetch(AT(const unsigned char, table), (wide) outputs * blocks, row * blocks + b), b,
            codes, factor, minimum);
    float* to = AT(float, out) + at * 32;
    UNROLL
    for (int c = 0; c < 32; c++) {
        int code = (int) (signed char) (codes[c / 4] >> 8 * (c % 4)) - CODE_ZERO;
        float value = times(factor[CODE_SCALES == 2 ? c / 16 : 0], (float) code);
#if CODE_MINIMUM
        value = plus(value, minimum[0]);
#endif
        to[c] = times(scale, value);
    }
}
