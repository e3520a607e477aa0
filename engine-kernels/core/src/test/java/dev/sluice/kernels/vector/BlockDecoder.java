package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// One element of a file's weight as integer code, scale and signed minimum: element formulas of
/// `ggml-quants.c`, each computed from the block's bytes alone, without the packer's code.
record BlockDecoder(Matrix weight) {
    private static final int[] NONLINEAR = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final int[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    int blockColumns() {
        return switch (weight.dtype()) {
            case Q2_K, Q3_K, Q6_K -> 16;
            default -> 32;
        };
    }

    boolean quantised() {
        return weight.dtype().quantised() && weight.dtype() != DType.F8_E4M3;
    }

    /// An element of a float encoding.
    float value(int row, int col) {
        MemorySegment m = weight.memory();
        long at = weight.byteOffset() + row * weight.dtype().rowBytes(weight.cols());
        return switch (weight.dtype()) {
            case F32 -> m.get(JAVA_FLOAT_UNALIGNED, at + 4L * col);
            case F16 -> Float.float16ToFloat(m.get(JAVA_SHORT_UNALIGNED, at + 2L * col));
            case BF16 -> Float.intBitsToFloat(m.get(JAVA_SHORT_UNALIGNED, at + 2L * col) << 16);
            case F8_E4M3 -> {
                long block = at + col / 128 * 132L;
                int b = m.get(JAVA_BYTE, block + 4 + col % 128);
                int exponent = b >> 3 & 15;
                float magnitude = exponent == 0 ? (b & 7) * 0x1p-9f
                        : (1 + (b & 7) / 8f) * (float) Math.pow(2, exponent - 7);
                yield m.get(JAVA_FLOAT_UNALIGNED, block) * (b < 0 ? -magnitude : magnitude);
            }
            default -> throw new IllegalStateException("" + weight.dtype());
        };
    }

    private long block(int row, int col) {
        DType dtype = weight.dtype();
        return weight.byteOffset() + row * dtype.rowBytes(weight.cols())
                + (long) (col / dtype.blockElements()) * dtype.blockBytes();
    }

    private int u8(long at) {
        return weight.memory().get(JAVA_BYTE, at) & 0xFF;
    }

    private float f16(long at) {
        return Float.float16ToFloat(weight.memory().get(JAVA_SHORT_UNALIGNED, at));
    }

    private int halfNibble(long at, int i) {
        return i < 16 ? u8(at + i) & 15 : u8(at + i - 16) >> 4;
    }

    int code(int row, int col) {
        long at = block(row, col);
        int i = col % weight.dtype().blockElements();
        int k = i % 128 / 32;
        int l = i % 32;
        int h = i / 128;
        return switch (weight.dtype()) {
            case Q8_0 -> (byte) u8(at + 2 + i);
            case Q4_0 -> halfNibble(at + 2, i) - 8;
            case Q4_1 -> halfNibble(at + 4, i);
            case Q5_0 -> (halfNibble(at + 6, i)
                    | (weight.memory().get(JAVA_INT_UNALIGNED, at + 2) >>> i & 1) << 4) - 16;
            case Q5_1 -> halfNibble(at + 8, i)
                    | (weight.memory().get(JAVA_INT_UNALIGNED, at + 4) >>> i & 1) << 4;
            case IQ4_NL -> NONLINEAR[halfNibble(at + 2, i)];
            case MXFP4 -> E2M1[halfNibble(at + 1, i)];
            case IQ4_XS -> NONLINEAR[halfNibble(at + 8 + 16 * (i / 32), l)];
            case Q2_K -> u8(at + 16 + 32 * h + l) >> 2 * k & 3;
            case Q3_K -> (u8(at + 32 + 32 * h + l) >> 2 * k & 3)
                    - ((u8(at + i % 32) >> i / 32 & 1) == 1 ? 0 : 4);
            case Q4_K -> nibble(u8(at + 16 + 32 * (i / 64) + l), i / 32);
            case Q5_K -> nibble(u8(at + 48 + 32 * (i / 64) + l), i / 32)
                    | (u8(at + 16 + l) >> i / 32 & 1) << 4;
            case Q6_K -> (nibble(u8(at + 64 * h + l + 32 * (k & 1)), k / 2)
                    | (u8(at + 128 + 32 * h + l) >> 2 * k & 3) << 4) - 32;
            default -> throw new IllegalStateException("" + weight.dtype());
        };
    }

    private static int nibble(int b, int which) {
        return (which & 1) == 0 ? b & 15 : b >> 4;
    }

    float scale(int row, int col) {
        long at = block(row, col);
        int i = col % weight.dtype().blockElements();
        int g = i / 16;
        int j = i / 32;
        return switch (weight.dtype()) {
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL -> f16(at);
            case MXFP4 -> (float) Math.pow(2, u8(at) - 128);
            case IQ4_XS -> f16(at) * ((u8(at + 4 + j / 2) >> 4 * (j & 1) & 15
                    | (u8(at + 2 + j / 4) >> 2 * (j % 4) & 3) << 4) - 32);
            case Q2_K -> f16(at + 80) * (u8(at + g) & 15);
            case Q3_K -> f16(at + 108) * ((nibble(u8(at + 96 + g % 8), g / 8)
                    | (u8(at + 104 + g % 4) >> 2 * (g / 4) & 3) << 4) - 32);
            case Q4_K, Q5_K -> f16(at) * (j < 4 ? u8(at + 4 + j) & 63
                    : u8(at + 4 + j + 4) & 15 | u8(at + 4 + j - 4) >> 6 << 4);
            case Q6_K -> f16(at + 208) * (byte) u8(at + 192 + g);
            default -> throw new IllegalStateException("" + weight.dtype());
        };
    }

    boolean hasMinimum() {
        return switch (weight.dtype()) {
            case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> true;
            default -> false;
        };
    }

    float minimum(int row, int col) {
        long at = block(row, col);
        int i = col % weight.dtype().blockElements();
        int j = i / 32;
        return switch (weight.dtype()) {
            case Q4_1, Q5_1 -> f16(at + 2);
            case Q2_K -> -(f16(at + 82) * (u8(at + i / 16) >> 4));
            case Q4_K, Q5_K -> -(f16(at + 2) * (j < 4 ? u8(at + 4 + j + 4) & 63
                    : u8(at + 4 + j + 4) >> 4 | u8(at + 4 + j) >> 6 << 4));
            default -> 0f;
        };
    }
}
