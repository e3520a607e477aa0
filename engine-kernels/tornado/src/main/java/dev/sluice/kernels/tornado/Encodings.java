package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Blocks of weights in the encodings of model files, 32 columns at a time: what `encodings.h` is
/// for the C kernels, with the same codes and factors. `encoding` is an ordinal of
/// [dev.sluice.kernels.DType]; it is a constant of a compiled kernel, which keeps one branch only.
///
/// An integer encoding gives 8 words of 4 signed bytes in column order; a column's value is
/// (code - zero) * scale + minimum. `factors` are two scales, for 16 columns each, and two
/// minimums.
final class Encodings {
    static final int F32 = 0;
    static final int F16 = 1;
    static final int BF16 = 2;
    static final int Q8_0 = 4;
    static final int Q4_0 = 5;
    static final int Q4_1 = 6;
    static final int Q5_0 = 7;
    static final int Q5_1 = 8;
    static final int Q2_K = 9;
    static final int Q3_K = 10;
    static final int Q4_K = 11;
    static final int Q5_K = 12;
    static final int Q6_K = 13;
    static final int IQ4_NL = 14;
    static final int IQ4_XS = 15;
    static final int MXFP4 = 16;
    static final int F8_E4M3 = 17;

    private static final int NIBBLES = 0x0F0F0F0F;

    private Encodings() { }

    static boolean quantised(int encoding) {
        return encoding >= Q8_0 && encoding <= MXFP4;
    }

    /// Whether columns 0..15 and 16..31 of a block have scales of their own.
    static boolean twoScales(int encoding) {
        return encoding == Q2_K || encoding == Q3_K || encoding == Q6_K;
    }

    static boolean hasMinimum(int encoding) {
        return encoding == Q4_1 || encoding == Q5_1 || encoding == Q2_K || encoding == Q4_K
                || encoding == Q5_K;
    }

    static int zero(int encoding) {
        return encoding == Q4_0 ? 8 : encoding == Q5_0 ? 16 : encoding == Q3_K ? 4
                : encoding == Q6_K ? 32 : 0;
    }

    /// Bytes of a row.
    static long rowBytes(int encoding, int cols) {
        long blocks32 = cols / 32;
        long blocks256 = cols / 256;
        long bytes = (long) cols * 4;
        if (encoding == F16 || encoding == BF16) {
            bytes = (long) cols * 2;
        } else if (encoding == Q8_0) {
            bytes = blocks32 * 34;
        } else if (encoding == Q4_0 || encoding == IQ4_NL) {
            bytes = blocks32 * 18;
        } else if (encoding == Q4_1) {
            bytes = blocks32 * 20;
        } else if (encoding == Q5_0) {
            bytes = blocks32 * 22;
        } else if (encoding == Q5_1) {
            bytes = blocks32 * 24;
        } else if (encoding == Q2_K) {
            bytes = blocks256 * 84;
        } else if (encoding == Q3_K) {
            bytes = blocks256 * 110;
        } else if (encoding == Q4_K) {
            bytes = blocks256 * 144;
        } else if (encoding == Q5_K) {
            bytes = blocks256 * 176;
        } else if (encoding == Q6_K) {
            bytes = blocks256 * 210;
        } else if (encoding == IQ4_XS) {
            bytes = blocks256 * 136;
        } else if (encoding == MXFP4) {
            bytes = blocks32 * 17;
        } else if (encoding == F8_E4M3) {
            bytes = (long) (cols / 128) * 132;
        }
        return bytes;
    }

    /// One element of a float encoding in a row at byte `row`.
    static float element(IntArray words, FloatArray floats, long row, int c, int encoding) {
        float value;
        if (encoding == F32) {
            value = floats.get((int) (row >> 2) + c);
        } else if (encoding == F16) {
            value = Words.halfAt(words, row + 2 * c);
        } else if (encoding == BF16) {
            value = Words.brain(Words.halfwordAt(words, row + 2 * c));
        } else {
            long block = row + (long) (c / 128) * 132;
            int bits = Words.byteAt(words, block + 4 + c % 128);
            float scale = floats.get((int) (block >> 2));
            value = scale * e4m3(bits, scale);
        }
        return value;
    }

    /// `scale` is any number, for a NaN that is no constant (see [Words#half]).
    private static float e4m3(int bits, float scale) {
        int magnitude = bits & 127;
        int exponent = magnitude >> 3;
        float value = (float) magnitude * 0.001953125f;
        if (magnitude == 127) {
            value = TornadoMath.sqrt(-1.0f - scale * scale);
        } else if (exponent > 0) {
            value = (float) (8 + (magnitude & 7)) * (float) (1 << exponent) * 0.0009765625f;
        }
        return (bits & 128) != 0 ? -value : value;
    }

    /// Codes and factors of block b of a row at byte `row`, of an integer encoding.
    static void decode(IntArray words, long row, int b, int encoding, int[] codes,
            float[] factors) {
        if (encoding == Q8_0) {
            q8(words, row + (long) b * 34, codes, factors);
        } else if (encoding == Q4_0 || encoding == IQ4_NL) {
            long block = row + (long) b * 18;
            factors[0] = Words.halfAt(words, block);
            nibbles(words, block + 2, encoding, codes);
        } else if (encoding == Q4_1) {
            long block = row + (long) b * 20;
            factors[0] = Words.halfAt(words, block);
            factors[2] = Words.halfAt(words, block + 2);
            nibbles(words, block + 4, encoding, codes);
        } else if (encoding == Q5_0) {
            long block = row + (long) b * 22;
            factors[0] = Words.halfAt(words, block);
            fives(words, block + 2, codes);
        } else if (encoding == Q5_1) {
            long block = row + (long) b * 24;
            factors[0] = Words.halfAt(words, block);
            factors[2] = Words.halfAt(words, block + 2);
            fives(words, block + 4, codes);
        } else if (encoding == MXFP4) {
            mx(words, row + (long) b * 17, codes, factors);
        } else {
            decodeLarge(words, row, b, encoding, codes, factors);
        }
        if (!twoScales(encoding)) {
            factors[1] = factors[0];
            factors[3] = factors[2];
        }
    }

    private static void decodeLarge(IntArray words, long row, int b, int encoding, int[] codes,
            float[] factors) {
        int part = b % 8;
        if (encoding == Q2_K) {
            q2(words, row + (long) (b / 8) * 84, part, codes, factors);
        } else if (encoding == Q3_K) {
            q3(words, row + (long) (b / 8) * 110, part, codes, factors);
        } else if (encoding == Q4_K) {
            long block = row + (long) (b / 8) * 144;
            sixBits(words, block, part, factors);
            q4(words, block + 16, part, codes);
        } else if (encoding == Q5_K) {
            long block = row + (long) (b / 8) * 176;
            sixBits(words, block, part, factors);
            q4(words, block + 48, part, codes);
            for (int i = 0; i < 8; i++) {
                int high = Words.evenWord(words, block + 16 + 4 * i) >> part & 0x01010101;
                codes[i] = codes[i] | high << 4;
            }
        } else if (encoding == Q6_K) {
            q6(words, row + (long) (b / 8) * 210, part, codes, factors);
        } else {
            iq4(words, row + (long) (b / 8) * 136, part, codes, factors);
        }
    }

    // d f16 | q i8[32]
    private static void q8(IntArray words, long block, int[] codes, float[] factors) {
        factors[0] = Words.halfAt(words, block);
        for (int i = 0; i < 8; i++) {
            codes[i] = Words.evenWord(words, block + 2 + 4 * i);
        }
    }

    // column j in the low half of byte j, column j + 16 in the high half
    private static void nibbles(IntArray words, long at, int encoding, int[] codes) {
        for (int i = 0; i < 4; i++) {
            int word = Words.evenWord(words, at + 4 * i);
            codes[i] = nibbleCodes(word & NIBBLES, encoding);
            codes[i + 4] = nibbleCodes(word >> 4 & NIBBLES, encoding);
        }
    }

    private static int nibbleCodes(int nibbles, int encoding) {
        int codes = nibbles;
        if (encoding == IQ4_NL || encoding == IQ4_XS) {
            codes = lookUp(nibbles, 0xF6EADDCFBFAD9881L, 0x7159453526190D01L);
        } else if (encoding == MXFP4) {
            // E2M1, doubled so that the values are whole.
            codes = lookUp(nibbles, 0x0C08060403020100L, 0xF4F8FAFCFDFEFF00L);
        }
        return codes;
    }

    /// Four entries of a table of 16 signed bytes for four nibbles.
    private static int lookUp(int nibbles, long low, long high) {
        return entry(nibbles & 15, low, high) | entry(nibbles >> 8 & 15, low, high) << 8
                | entry(nibbles >> 16 & 15, low, high) << 16
                | entry(nibbles >> 24 & 15, low, high) << 24;
    }

    private static int entry(int nibble, long low, long high) {
        long half = nibble < 8 ? low : high;
        return (int) (half >> (8 * (nibble & 7))) & 255;
    }

    // qh u32 | q u8[16]: bit c of qh is the fifth bit of column c
    private static void fives(IntArray words, long at, int[] codes) {
        int fifth = Words.evenWord(words, at);
        for (int i = 0; i < 4; i++) {
            int word = Words.evenWord(words, at + 4 + 4 * i);
            codes[i] = (word & NIBBLES) | spread(fifth >> (4 * i)) << 4;
            codes[i + 4] = (word >> 4 & NIBBLES) | spread(fifth >> (4 * i + 16)) << 4;
        }
    }

    /// Spreads 4 bits over the lowest bits of 4 bytes.
    private static int spread(int bits) {
        return (bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
    }

    // e8m0 u8 | q u8[16]; the table is doubled, so the scale is 2^(e - 128)
    private static void mx(IntArray words, long block, int[] codes, float[] factors) {
        int exponent = Words.byteAt(words, block);
        // Subnormal below 2.
        factors[0] = exponent >= 128 ? Words.powerOfTwo(exponent - 128)
                : 0.5f / Words.powerOfTwo(127 - exponent);
        for (int i = 0; i < 4; i++) {
            int word = Words.anyWord(words, block + 1 + 4 * i);
            codes[i] = nibbleCodes(word & NIBBLES, MXFP4);
            codes[i + 4] = nibbleCodes(word >> 4 & NIBBLES, MXFP4);
        }
    }

    // scales u8[16] | q u8[64] | d f16 | dmin f16
    private static void q2(IntArray words, long block, int part, int[] codes, float[] factors) {
        float d = Words.halfAt(words, block + 80);
        float minimum = Words.halfAt(words, block + 82);
        for (int i = 0; i < 2; i++) {
            int both = Words.byteAt(words, block + 2 * part + i);
            factors[i] = d * (float) (both & 15);
            factors[2 + i] = -(minimum * (float) (both >> 4 & 15));
        }
        for (int i = 0; i < 8; i++) {
            codes[i] = Words.evenWord(words, block + 16 + 32 * (part / 4) + 4 * i)
                    >> (2 * (part % 4)) & 0x03030303;
        }
    }

    // hmask u8[32] | q u8[64] | scales u8[12] | d f16
    private static void q3(IntArray words, long block, int part, int[] codes, float[] factors) {
        float d = Words.halfAt(words, block + 108);
        for (int i = 0; i < 2; i++) {
            int g = 2 * part + i;
            int low = g < 8 ? Words.byteAt(words, block + 96 + g) & 15
                    : Words.byteAt(words, block + 88 + g) >> 4 & 15;
            int high = Words.byteAt(words, block + 104 + g % 4) >> (2 * (g / 4)) & 3;
            factors[i] = d * (float) ((low | high << 4) - 32);
        }
        for (int i = 0; i < 8; i++) {
            int low = Words.evenWord(words, block + 32 + 32 * (part / 4) + 4 * i);
            int mask = Words.evenWord(words, block + 4 * i);
            codes[i] = (low >> (2 * (part % 4)) & 0x03030303)
                    | (mask >> part & 0x01010101) << 2;
        }
    }

    // d f16 | dmin f16 | scales u8[12]
    private static void sixBits(IntArray words, long block, int part, float[] factors) {
        long s = block + 4;
        int scale;
        int minimum;
        if (part < 4) {
            scale = Words.byteAt(words, s + part) & 63;
            minimum = Words.byteAt(words, s + part + 4) & 63;
        } else {
            int both = Words.byteAt(words, s + part + 4);
            scale = (both & 15) | (Words.byteAt(words, s + part - 4) >> 6 & 3) << 4;
            minimum = (both >> 4 & 15) | (Words.byteAt(words, s + part) >> 6 & 3) << 4;
        }
        factors[0] = Words.halfAt(words, block) * (float) scale;
        factors[2] = -(Words.halfAt(words, block + 2) * (float) minimum);
    }

    private static void q4(IntArray words, long at, int part, int[] codes) {
        for (int i = 0; i < 8; i++) {
            int word = Words.evenWord(words, at + 32 * (part / 2) + 4 * i);
            codes[i] = word >> (4 * (part & 1)) & NIBBLES;
        }
    }

    // ql u8[128] | qh u8[64] | scales i8[16] | d f16
    private static void q6(IntArray words, long block, int part, int[] codes, float[] factors) {
        int half = part / 4;
        int quarter = part % 4;
        float d = Words.halfAt(words, block + 208);
        for (int i = 0; i < 2; i++) {
            factors[i] = d * (float) Words.signedByteAt(words, block + 192 + 2 * part + i);
        }
        for (int i = 0; i < 8; i++) {
            int low = Words.evenWord(words, block + 64 * half + 32 * (quarter & 1) + 4 * i);
            int high = Words.evenWord(words, block + 128 + 32 * half + 4 * i);
            codes[i] = (low >> (4 * (quarter / 2)) & NIBBLES)
                    | (high >> (2 * quarter) & 0x03030303) << 4;
        }
    }

    // d f16 | scales_h u16 | scales_l u8[4] | q u8[128]
    private static void iq4(IntArray words, long block, int part, int[] codes, float[] factors) {
        int low = Words.byteAt(words, block + 4 + part / 2) >> (4 * (part & 1)) & 15;
        int high = Words.halfwordAt(words, block + 2) >> (2 * part) & 3;
        factors[0] = Words.halfAt(words, block) * (float) ((low | high << 4) - 32);
        nibbles(words, block + 8 + 16 * part, IQ4_XS, codes);
    }
}
