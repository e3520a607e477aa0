package dev.sluice.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// Decodes one row of any encoding to floats: one method per block layout of [DType], element by
/// element. It is the definition the backends are judged by, and what embedding look-ups and
/// loaders use; it is not the way to multiply. Stateless, any thread.
///
/// All products are exact in float: a half has 11 significant bits, and scale and code together at
/// most 13. Where a minimum or an offset follows, there is one rounding. So every result is the
/// correctly rounded one, except in F8_E4M3, whose float scale rounds once in the product.
///
/// The layouts are ggml's (`ggml-common.h`). In blocks of 32, byte j of the nibbles holds element
/// j in the low half and element j + 16 in the high half.
public final class Dequantiser {
    /// The non-linear 4-bit codes of IQ4_NL and IQ4_XS.
    private static final byte[] IQ4_VALUES = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /// The E2M1 codes of MXFP4, doubled so that they are whole.
    private static final byte[] E2M1_DOUBLED = {
        0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Dequantiser() { }

    /// out [0..cols) = row `row` of `m`, which must be laid out in rows. `out` belongs to the
    /// caller and may be longer.
    public static void row(Matrix m, int row, float[] out) {
        Objects.checkIndex(row, m.rows());
        if (m.layout() != Layout.ROWS) {
            throw new IllegalArgumentException("a packed matrix [%d,%d] has no readable rows"
                    .formatted(m.rows(), m.cols()));
        }
        if (out.length < m.cols()) {
            throw new IllegalArgumentException("a row of %d elements into an array of %d"
                    .formatted(m.cols(), out.length));
        }
        DType dtype = m.dtype();
        long at = m.byteOffset() + row * dtype.rowBytes(m.cols());
        for (int i = 0; i < m.cols(); i += dtype.blockElements()) {
            block(dtype, m.memory(), at, out, i);
            at += dtype.blockBytes();
        }
    }

    private static void block(DType dtype, MemorySegment s, long at, float[] out, int i) {
        switch (dtype) {
            case F32 -> out[i] = s.get(JAVA_FLOAT_UNALIGNED, at);
            case F16 -> out[i] = f16(s, at);
            case BF16 -> out[i] = Float.intBitsToFloat(u16(s, at) << 16);
            case I32 -> throw new IllegalArgumentException("I32 does not encode floats");
            case Q8_0 -> q8(s, at, out, i);
            case Q4_0 -> q4(s, at + 2, f16(s, at), 8, -0f, out, i);
            case Q4_1 -> q4(s, at + 4, f16(s, at), 0, f16(s, at + 2), out, i);
            case Q5_0 -> q5(s, at + 2, f16(s, at), 16, -0f, out, i);
            case Q5_1 -> q5(s, at + 4, f16(s, at), 0, f16(s, at + 2), out, i);
            case Q2_K -> q2k(s, at, out, i);
            case Q3_K -> q3k(s, at, out, i);
            case Q4_K -> q4k(s, at, out, i);
            case Q5_K -> q5k(s, at, out, i);
            case Q6_K -> q6k(s, at, out, i);
            case IQ4_NL -> table(IQ4_VALUES, s, at + 2, f16(s, at), out, i);
            case IQ4_XS -> iq4xs(s, at, out, i);
            case MXFP4 -> table(E2M1_DOUBLED, s, at + 1, halfE8m0(u8(s, at)), out, i);
            case F8_E4M3 -> f8(s, at, out, i);
        }
    }

    // ---- blocks of 32 -------------------------------------------------------------------

    /// d f16 | q i8[32]: d * q
    private static void q8(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at);
        for (int e = 0; e < 32; e++) {
            out[i + e] = d * s.get(JAVA_BYTE, at + 2 + e);
        }
    }

    /// q u8[16]: d * (q - zero) + min; the minimum -0 is none, as it leaves every float as it is
    private static void q4(MemorySegment s, long nibbles, float d, int zero, float min, float[] out,
            int i) {
        for (int e = 0; e < 32; e++) {
            out[i + e] = d * (nibble(s, nibbles, e) - zero) + min;
        }
    }

    /// qh u32 | q u8[16]: as above with bit e of qh as the fifth bit of element e
    private static void q5(MemorySegment s, long high, float d, int zero, float min, float[] out,
            int i) {
        int fifth = s.get(JAVA_INT_UNALIGNED, high);
        for (int e = 0; e < 32; e++) {
            int q = nibble(s, high + 4, e) | (fifth >>> e & 1) << 4;
            out[i + e] = d * (q - zero) + min;
        }
    }

    /// q u8[16]: d * values[q]
    private static void table(byte[] values, MemorySegment s, long nibbles, float d, float[] out,
            int i) {
        for (int e = 0; e < 32; e++) {
            out[i + e] = d * values[nibble(s, nibbles, e)];
        }
    }

    // ---- blocks of 256 ------------------------------------------------------------------

    /// scales u8[16] | q u8[64] | d f16 | dmin f16: d * (scale & 15) * q - dmin * (scale >> 4)
    private static void q2k(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at + 80);
        float dmin = f16(s, at + 82);
        for (int e = 0; e < 256; e++) {
            int scale = u8(s, at + e / 16);
            int q = twoBits(s, at + 16, e);
            out[i + e] = d * (scale & 15) * q - dmin * (scale >> 4);
        }
    }

    /// hmask u8[32] | q u8[64] | scales u8[12] | d f16: d * scale * (q - 4 where the mask is clear)
    private static void q3k(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at + 108);
        for (int e = 0; e < 256; e++) {
            int g = e / 16;
            int low = g < 8 ? u8(s, at + 96 + g) & 15 : u8(s, at + 96 + g - 8) >> 4;
            int high = u8(s, at + 104 + g % 4) >> 2 * (g / 4) & 3;
            int scale = (low | high << 4) - 32;
            int q = twoBits(s, at + 32, e) - ((u8(s, at + e % 32) >> e / 32 & 1) != 0 ? 0 : 4);
            out[i + e] = d * scale * q;
        }
    }

    /// d f16 | dmin f16 | scales u8[12] | q u8[128]: d * scale * q - dmin * min
    private static void q4k(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at);
        float dmin = f16(s, at + 2);
        for (int e = 0; e < 256; e++) {
            int q = pairNibble(s, at + 16, e);
            out[i + e] = d * scale6(s, at + 4, e / 32) * q - dmin * min6(s, at + 4, e / 32);
        }
    }

    /// d f16 | dmin f16 | scales u8[12] | qh u8[32] | q u8[128]: as Q4_K with a fifth bit
    private static void q5k(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at);
        float dmin = f16(s, at + 2);
        for (int e = 0; e < 256; e++) {
            int q = pairNibble(s, at + 48, e) | (u8(s, at + 16 + e % 32) >> e / 32 & 1) << 4;
            out[i + e] = d * scale6(s, at + 4, e / 32) * q - dmin * min6(s, at + 4, e / 32);
        }
    }

    /// ql u8[128] | qh u8[64] | scales i8[16] | d f16: d * scale * (q - 32)
    private static void q6k(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at + 208);
        for (int e = 0; e < 256; e++) {
            int quarter = e % 128 / 32;
            int both = u8(s, at + 64 * (e / 128) + e % 32 + 32 * (quarter & 1));
            int low = quarter < 2 ? both & 15 : both >> 4;
            int q = (low | twoBits(s, at + 128, e) << 4) - 32;
            out[i + e] = d * s.get(JAVA_BYTE, at + 192 + e / 16) * q;
        }
    }

    /// d f16 | scales_h u16 | scales_l u8[4] | q u8[128]: d * (scale - 32) * values[q]
    private static void iq4xs(MemorySegment s, long at, float[] out, int i) {
        float d = f16(s, at);
        int high = u16(s, at + 2);
        for (int j = 0; j < 8; j++) {
            int low = u8(s, at + 4 + j / 2) >> 4 * (j & 1) & 15;
            int scale = (low | (high >> 2 * j & 3) << 4) - 32;
            table(IQ4_VALUES, s, at + 8 + 16 * j, d * scale, out, i + 32 * j);
        }
    }

    /// scale f32 | q e4m3[128]: scale * q
    private static void f8(MemorySegment s, long at, float[] out, int i) {
        float scale = s.get(JAVA_FLOAT_UNALIGNED, at);
        for (int e = 0; e < 128; e++) {
            out[i + e] = scale * e4m3(u8(s, at + 4 + e));
        }
    }

    // ---- parts of blocks ----------------------------------------------------------------

    /// Element e of 32 nibbles in halves order.
    private static int nibble(MemorySegment s, long at, int e) {
        return e < 16 ? u8(s, at + e) & 15 : u8(s, at + e - 16) >> 4;
    }

    /// Element e of 256 nibbles: 32 low halves, then the high halves of the same 32 bytes.
    private static int pairNibble(MemorySegment s, long at, int e) {
        int both = u8(s, at + 32 * (e / 64) + e % 32);
        return (e / 32 & 1) == 0 ? both & 15 : both >> 4;
    }

    /// Element e of 256 two-bit codes: each half of 128 lies in 32 bytes, a quarter per bit pair.
    private static int twoBits(MemorySegment s, long at, int e) {
        return u8(s, at + 32 * (e / 128) + e % 32) >> 2 * (e % 128 / 32) & 3;
    }

    /// Scale j of the eight 6-bit (scale, minimum) pairs in 12 bytes.
    private static int scale6(MemorySegment s, long at, int j) {
        return j < 4 ? u8(s, at + j) & 63 : u8(s, at + j + 4) & 15 | u8(s, at + j - 4) >> 6 << 4;
    }

    /// Minimum j of the same.
    private static int min6(MemorySegment s, long at, int j) {
        return j < 4 ? u8(s, at + j + 4) & 63 : u8(s, at + j + 4) >> 4 | u8(s, at + j) >> 6 << 4;
    }

    /// 2^(e - 128): half of E8M0's 2^(e - 127), for the doubled table. Subnormal for e < 2; ggml
    /// gives e = 255, the format's NaN, no special meaning, and neither do we.
    private static float halfE8m0(int e) {
        return Float.intBitsToFloat(e < 2 ? 0x00200000 << e : e - 1 << 23);
    }

    /// E4M3 without infinities (OCP FP8): bias 7, 0x7F and 0xFF are NaN.
    private static float e4m3(int bits) {
        int exponent = bits >> 3 & 15;
        int mantissa = bits & 7;
        float magnitude;
        if (exponent == 15 && mantissa == 7) {
            magnitude = Float.NaN;
        } else if (exponent == 0) {
            magnitude = mantissa * 0x1p-9f;
        } else {
            magnitude = Math.scalb(8f + mantissa, exponent - 10);
        }
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }

    private static int u8(MemorySegment s, long at) {
        return s.get(JAVA_BYTE, at) & 0xFF;
    }

    private static int u16(MemorySegment s, long at) {
        return s.get(JAVA_SHORT_UNALIGNED, at) & 0xFFFF;
    }

    private static float f16(MemorySegment s, long at) {
        return Float.float16ToFloat(s.get(JAVA_SHORT_UNALIGNED, at));
    }
}
