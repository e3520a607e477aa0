// Blocks of weights in the encodings of model files, 32 columns at a time. A unit that reads
// weights or KV rows is compiled once for each encoding, with ENCODING_<name> defined, behind this
// file. Layouts are ggml's; the Java class Dequantiser is their definition.
//
// Integer encodings (QUANTISED 1) define, for columns 32 b .. 32 b + 31 of a row:
//
//     decode(row, b, codes, scale, minimum)
//
// codes: 8 words of 4 signed bytes each in column order; a column's value is
// (code - ZERO) * scale + minimum. There are SCALES scales, one for 32 columns or one for each 16,
// and as many minimums where MINIMUM is 1.
//
// Float encodings (QUANTISED 0) define floats(row, b, cols, w): 32 floats, zeros past `cols`.

#if defined(ENCODING_F32) || defined(ENCODING_F16) || defined(ENCODING_BF16) \
        || defined(ENCODING_F8_E4M3)
#define QUANTISED 0
#else
#define QUANTISED 1
#endif

#if defined(ENCODING_IQ4_NL) || defined(ENCODING_IQ4_XS)
#define LOOKUP 1
TABLE signed char VALUES[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
#elif defined(ENCODING_MXFP4)
// E2M1, doubled so that the values are whole
#define LOOKUP 1
TABLE signed char VALUES[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
#endif

#define LOW_NIBBLES(word) ((int) ((word) & 0x0F0F0F0Fu))
#define HIGH_NIBBLES(word) ((int) ((word) >> 4 & 0x0F0F0F0Fu))
#define BIT_PAIRS(word, shift) ((int) ((word) >> (shift) & 0x03030303u))
#define BITS(word, shift) ((word) >> (shift) & 0x01010101u)

#if defined(LOOKUP)
// Four table entries for four nibbles.
FUNCTION int look_up(uint nibbles) {
    return (int) ((uint) (uchar) VALUES[nibbles & 15]
            | (uint) (uchar) VALUES[nibbles >> 8 & 15] << 8
            | (uint) (uchar) VALUES[nibbles >> 16 & 15] << 16
            | (uint) (uchar) VALUES[nibbles >> 24 & 15] << 24);
}
#endif

// Spreads 4 bits over the lowest bits of 4 bytes.
FUNCTION uint spread(uint bits) {
    return (bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
}

#if defined(ENCODING_F32)

#define ENCODED_BYTES(cols) ((wide) (cols) * 4)
FUNCTION void floats(GLOBAL const uchar* row, int b, int cols, float* w) {
    GLOBAL const float* at = (GLOBAL const float*) row + 32 * b;
    for (int i = 0; i < 32; i++) {
        w[i] = 32 * b + i < cols ? at[i] : 0.0f;
    }
}

#elif defined(ENCODING_F16)

#define ENCODED_BYTES(cols) ((wide) (cols) * 2)
FUNCTION void floats(GLOBAL const uchar* row, int b, int cols, float* w) {
    for (int i = 0; i < 32; i++) {
        w[i] = 32 * b + i < cols ? load_half(row + 64 * b + 2 * i) : 0.0f;
    }
}

#elif defined(ENCODING_BF16)

#define ENCODED_BYTES(cols) ((wide) (cols) * 2)
FUNCTION void floats(GLOBAL const uchar* row, int b, int cols, float* w) {
    GLOBAL const ushort* at = (GLOBAL const ushort*) row + 32 * b;
    for (int i = 0; i < 32; i++) {
        w[i] = 32 * b + i < cols ? AS_FLOAT((uint) at[i] << 16) : 0.0f;
    }
}

#elif defined(ENCODING_F8_E4M3)

// scale f32 | q e4m3[128]
#define ENCODED_BYTES(cols) ((wide) (cols) / 128 * 132)
FUNCTION float e4m3(uint bits) {
    uint magnitude = bits & 0x7F;
    // 15 + 8 places of exponent stand in the float's; the bias differs by 120.
    float value = magnitude == 0x7F ? AS_FLOAT(0x7FC00000u)
            : magnitude < 8 ? (float) magnitude * 0.001953125f
            : AS_FLOAT((magnitude << 20) + (120u << 23));
    return (bits & 0x80) != 0 ? -value : value;
}

FUNCTION void floats(GLOBAL const uchar* row, int b, int cols, float* w) {
    GLOBAL const uchar* block = row + (wide) (b / 4) * 132;
    float scale = *(GLOBAL const float*) block;
    for (int i = 0; i < 32; i++) {
        w[i] = scale * e4m3(block[4 + 32 * (b % 4) + i]);
    }
}

#elif defined(ENCODING_Q8_0)

// d f16 | q i8[32]
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 34)
#define SCALES 1
#define MINIMUM 0
#define ZERO 0
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) b * 34;
    scale[0] = load_half(block);
    for (int i = 0; i < 8; i++) {
        codes[i] = (int) load_word(block + 2 + 4 * i);
    }
}

#elif defined(ENCODING_Q4_0) || defined(ENCODING_IQ4_NL)

// d f16 | q u8[16], column j in the low half of byte j, column j + 16 in the high half
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 18)
#define SCALES 1
#define MINIMUM 0
#if defined(LOOKUP)
#define ZERO 0
#define NIBBLE_CODES(nibbles) look_up((uint) (nibbles))
#else
#define ZERO 8
#define NIBBLE_CODES(nibbles) (nibbles)
#endif
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) b * 18;
    scale[0] = load_half(block);
    for (int i = 0; i < 4; i++) {
        uint word = load_word(block + 2 + 4 * i);
        codes[i] = NIBBLE_CODES(LOW_NIBBLES(word));
        codes[i + 4] = NIBBLE_CODES(HIGH_NIBBLES(word));
    }
}

#elif defined(ENCODING_MXFP4)

// e8m0 u8 | q u8[16]; the table is doubled, so the scale is 2^(e - 128), subnormal for e < 2
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 17)
#define SCALES 1
#define MINIMUM 0
#define ZERO 0
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) b * 17;
    uint e = block[0];
    scale[0] = AS_FLOAT(e < 2 ? 0x00200000u << e : (e - 1) << 23);
    for (int i = 0; i < 4; i++) {
        uint word = load_bytes(block + 1 + 4 * i);
        codes[i] = look_up((uint) LOW_NIBBLES(word));
        codes[i + 4] = look_up((uint) HIGH_NIBBLES(word));
    }
}

#elif defined(ENCODING_Q4_1)

// d f16 | m f16 | q u8[16]
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 20)
#define SCALES 1
#define MINIMUM 1
#define ZERO 0
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) b * 20;
    scale[0] = load_half(block);
    minimum[0] = load_half(block + 2);
    for (int i = 0; i < 4; i++) {
        uint word = load_word(block + 4 + 4 * i);
        codes[i] = LOW_NIBBLES(word);
        codes[i + 4] = HIGH_NIBBLES(word);
    }
}

#elif defined(ENCODING_Q5_0) || defined(ENCODING_Q5_1)

// d f16 | (m f16) | qh u32 | q u8[16]: bit c of qh is the fifth bit of column c
#define SCALES 1
#if defined(ENCODING_Q5_0)
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 22)
#define FIFTH_AT 2
#define MINIMUM 0
#define ZERO 16
#else
#define ENCODED_BYTES(cols) ((wide) (cols) / 32 * 24)
#define FIFTH_AT 4
#define MINIMUM 1
#define ZERO 0
#endif
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) b * (20 + FIFTH_AT);
    scale[0] = load_half(block);
#if MINIMUM
    minimum[0] = load_half(block + 2);
#endif
    uint fifth = load_word(block + FIFTH_AT);
    for (int i = 0; i < 4; i++) {
        uint word = load_word(block + FIFTH_AT + 4 + 4 * i);
        codes[i] = LOW_NIBBLES(word) | (int) (spread(fifth >> (4 * i)) << 4);
        codes[i + 4] = HIGH_NIBBLES(word) | (int) (spread(fifth >> (4 * i + 16)) << 4);
    }
}

#elif defined(ENCODING_Q2_K)

// scales u8[16] | q u8[64] | d f16 | dmin f16
#define ENCODED_BYTES(cols) ((wide) (cols) / 256 * 84)
#define SCALES 2
#define MINIMUM 1
#define ZERO 0
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) (b / 8) * 84;
    int j = b % 8;
    float d = load_half(block + 80);
    float dmin = load_half(block + 82);
    for (int i = 0; i < 2; i++) {
        int both = block[2 * j + i];
        scale[i] = d * (float) (both & 15);
        minimum[i] = -(dmin * (float) (both >> 4));
    }
    for (int i = 0; i < 8; i++) {
        codes[i] = BIT_PAIRS(load_word(block + 16 + 32 * (j / 4) + 4 * i), 2 * (j % 4));
    }
}

#elif defined(ENCODING_Q3_K)

// hmask u8[32] | q u8[64] | scales u8[12] | d f16
#define ENCODED_BYTES(cols) ((wide) (cols) / 256 * 110)
#define SCALES 2
#define MINIMUM 0
#define ZERO 4
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) (b / 8) * 110;
    int j = b % 8;
    float d = load_half(block + 108);
    for (int i = 0; i < 2; i++) {
        int g = 2 * j + i;
        int low = g < 8 ? block[96 + g] & 15 : block[88 + g] >> 4;
        int high = block[104 + g % 4] >> (2 * (g / 4)) & 3;
        scale[i] = d * (float) ((low | high << 4) - 32);
    }
    for (int i = 0; i < 8; i++) {
        uint low = load_word(block + 32 + 32 * (j / 4) + 4 * i);
        uint mask = load_word(block + 4 * i);
        codes[i] = BIT_PAIRS(low, 2 * (j % 4)) | (int) (BITS(mask, j) << 2);
    }
}

#elif defined(ENCODING_Q4_K) || defined(ENCODING_Q5_K)

// d f16 | dmin f16 | scales u8[12] | (qh u8[32]) | q u8[128]
#define SCALES 1
#define MINIMUM 1
#define ZERO 0
#if defined(ENCODING_Q4_K)
#define BLOCK_BYTES 144
#define CODES_AT 16
#else
#define BLOCK_BYTES 176
#define CODES_AT 48
#endif
#define ENCODED_BYTES(cols) ((wide) (cols) / 256 * BLOCK_BYTES)
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) (b / 8) * BLOCK_BYTES;
    GLOBAL const uchar* s = block + 4;
    int j = b % 8;
    int sixScale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    int sixMinimum = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
    scale[0] = load_half(block) * (float) sixScale;
    minimum[0] = -(load_half(block + 2) * (float) sixMinimum);
    for (int i = 0; i < 8; i++) {
        uint word = load_word(block + CODES_AT + 32 * (j / 2) + 4 * i);
        int code = j % 2 == 0 ? LOW_NIBBLES(word) : HIGH_NIBBLES(word);
#if defined(ENCODING_Q5_K)
        code |= (int) (BITS(load_word(block + 16 + 4 * i), j) << 4);
#endif
        codes[i] = code;
    }
}

#elif defined(ENCODING_Q6_K)

// ql u8[128] | qh u8[64] | scales i8[16] | d f16
#define ENCODED_BYTES(cols) ((wide) (cols) / 256 * 210)
#define SCALES 2
#define MINIMUM 0
#define ZERO 32
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) (b / 8) * 210;
    int half128 = b % 8 / 4;
    int quarter = b % 4;
    float d = load_half(block + 208);
    for (int i = 0; i < 2; i++) {
        scale[i] = d * (float) (signed char) block[192 + 2 * (b % 8) + i];
    }
    for (int i = 0; i < 8; i++) {
        uint low = load_word(block + 64 * half128 + 32 * (quarter & 1) + 4 * i);
        uint high = load_word(block + 128 + 32 * half128 + 4 * i);
        codes[i] = (quarter < 2 ? LOW_NIBBLES(low) : HIGH_NIBBLES(low))
                | BIT_PAIRS(high, 2 * quarter) << 4;
    }
}

#elif defined(ENCODING_IQ4_XS)

// d f16 | scales_h u16 | scales_l u8[4] | q u8[128]
#define ENCODED_BYTES(cols) ((wide) (cols) / 256 * 136)
#define SCALES 1
#define MINIMUM 0
#define ZERO 0
FUNCTION void decode(GLOBAL const uchar* row, int b, int* codes, float* scale, float* minimum) {
    GLOBAL const uchar* block = row + (wide) (b / 8) * 136;
    int j = b % 8;
    int low = block[4 + j / 2] >> (4 * (j & 1)) & 15;
    int high = *(GLOBAL const ushort*) (block + 2) >> (2 * j) & 3;
    scale[0] = load_half(block) * (float) ((low | high << 4) - 32);
    for (int i = 0; i < 4; i++) {
        uint word = load_word(block + 8 + 16 * j + 4 * i);
        codes[i] = look_up((uint) LOW_NIBBLES(word));
        codes[i + 4] = look_up((uint) HIGH_NIBBLES(word));
    }
}

#else
#error "no ENCODING_ of a weight is defined"
#endif

#if QUANTISED
// 32 floats of a row.
FUNCTION void floats(GLOBAL const uchar* row, int b, int cols, float* w) {
    int codes[8];
    float scale[2];
    float minimum[2];
    decode(row, b, codes, scale, minimum);
    for (int i = 0; i < 32; i++) {
        int part = SCALES == 2 ? i / 16 : 0;
        int code = (int) (signed char) (codes[i / 4] >> (8 * (i % 4))) - ZERO;
#if MINIMUM
        w[i] = scale[part] * (float) code + minimum[part];
#else
        w[i] = scale[part] * (float) code;
#endif
    }
}
#endif
