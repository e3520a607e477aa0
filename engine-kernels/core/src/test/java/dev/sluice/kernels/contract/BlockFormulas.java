package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;

/// The block layouts of ggml once more, for tests: one element at a time, in double, from the
/// format's description and without a line in common with the decoder that they judge.
final class BlockFormulas {
    private static final int[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final double[] E2M1 = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

    private BlockFormulas() { }

    /// Where a block holds its half-precision scales.
    static int[] halfOffsets(DType dtype) {
        return switch (dtype) {
            case F32, I32, BF16, MXFP4, F8_E4M3 -> new int[0];
            case F16, Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
        };
    }

    /// Element i of a block.
    static double element(DType dtype, byte[] b, int i) {
        return switch (dtype) {
            case F32 -> Float.intBitsToFloat(word(b, 0));
            case F16 -> half(b, 0);
            case BF16 -> Float.intBitsToFloat(b[1] << 24 | (b[0] & 255) << 16);
            case I32 -> throw new IllegalArgumentException("I32");
            case Q8_0 -> half(b, 0) * b[2 + i];
            case Q4_0 -> half(b, 0) * (nibble(b, 2, i) - 8);
            case Q4_1 -> half(b, 0) * nibble(b, 4, i) + half(b, 2);
            case Q5_0 -> half(b, 0) * (nibble(b, 6, i) + 16 * bit(b, 2, i) - 16);
            case Q5_1 -> half(b, 0) * (nibble(b, 8, i) + 16 * bit(b, 4, i)) + half(b, 2);
            case Q2_K -> half(b, 80) * (b[i / 16] & 15) * bits(b, 16 + 32 * (i / 128) + i % 32,
                    2 * (i % 128 / 32), 2) - half(b, 82) * ((b[i / 16] & 255) / 16);
            case Q3_K -> half(b, 108) * scaleQ3(b, i / 16) * (bits(b, 32 + 32 * (i / 128) + i % 32,
                    2 * (i % 128 / 32), 2) + 4 * bits(b, i % 32, i / 32, 1) - 4);
            case Q4_K -> half(b, 0) * pair(b, i / 32)[0] * nibbleK(b, 16, i)
                    - half(b, 2) * pair(b, i / 32)[1];
            case Q5_K -> half(b, 0) * pair(b, i / 32)[0]
                    * (nibbleK(b, 48, i) + 16 * bits(b, 16 + i % 32, i / 32, 1))
                    - half(b, 2) * pair(b, i / 32)[1];
            case Q6_K -> half(b, 208) * b[192 + i / 16] * (nibbleQ6(b, i)
                    + 16 * bits(b, 128 + 32 * (i / 128) + i % 32, 2 * (i % 128 / 32), 2) - 32);
            case IQ4_NL -> half(b, 0) * IQ4[nibble(b, 2, i)];
            case IQ4_XS -> half(b, 0) * scaleIq4(b, i / 32) * IQ4[nibble(b, 8 + i / 32 * 16,
                    i % 32)];
            case MXFP4 -> {
                int code = nibble(b, 1, i);
                double value = Math.scalb(E2M1[code & 7], (b[0] & 255) - 127);
                // The format's minus zero is written as 0 in ggml's table of whole numbers.
                yield code > 8 ? -value : value;
            }
            case F8_E4M3 -> Float.intBitsToFloat(word(b, 0)) * e4m3(b[4 + i]);
        };
    }

    private static double e4m3(byte bits) {
        int exponent = (bits & 0x78) / 8;
        double mantissa = (bits & 7) / 8.0;
        double value = exponent == 0 ? Math.scalb(mantissa, -6)
                : Math.scalb(1 + mantissa, exponent - 7);
        if ((bits & 0x7F) == 0x7F) {
            value = Double.NaN;
        }
        return bits < 0 ? -value : value;
    }

    private static int nibble(byte[] b, int at, int i) {
        return bits(b, at + i % 16, i / 16 * 4, 4);
    }

    private static int nibbleK(byte[] b, int at, int i) {
        return bits(b, at + i / 64 * 32 + i % 32, i / 32 % 2 * 4, 4);
    }

    private static int nibbleQ6(byte[] b, int i) {
        return bits(b, i / 128 * 64 + i % 64, i / 64 % 2 * 4, 4);
    }

    /// The 6-bit scale and minimum of sub-block j of Q4_K and Q5_K, whose 12 bytes are at 4.
    private static int[] pair(byte[] b, int j) {
        if (j < 4) {
            return new int[] {bits(b, 4 + j, 0, 6), bits(b, 8 + j, 0, 6)};
        }
        return new int[] {bits(b, 8 + j, 0, 4) + 16 * bits(b, j, 6, 2),
            bits(b, 8 + j, 4, 4) + 16 * bits(b, 4 + j, 6, 2)};
    }

    private static int scaleQ3(byte[] b, int g) {
        return bits(b, 96 + g % 8, g / 8 * 4, 4) + 16 * bits(b, 104 + g % 4, g / 4 * 2, 2) - 32;
    }

    private static int scaleIq4(byte[] b, int j) {
        return bits(b, 4 + j / 2, j % 2 * 4, 4) + 16 * bits(b, 2 + j / 4, j % 4 * 2, 2) - 32;
    }

    private static int bit(byte[] b, int at, int i) {
        return bits(b, at + i / 8, i % 8, 1);
    }

    private static int bits(byte[] b, int at, int from, int count) {
        return (b[at] & 255) >> from & (1 << count) - 1;
    }

    private static int word(byte[] b, int at) {
        return b[at] & 255 | (b[at + 1] & 255) << 8 | (b[at + 2] & 255) << 16 | b[at + 3] << 24;
    }

    private static double half(byte[] b, int at) {
        int bits = b[at] & 255 | (b[at + 1] & 255) << 8;
        int exponent = bits >> 10 & 31;
        double mantissa = (bits & 1023) / 1024.0;
        double value = switch (exponent) {
            case 0 -> mantissa * Math.pow(2, -14);
            case 31 -> mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            default -> (1 + mantissa) * Math.pow(2, exponent - 15);
        };
        return bits >= 0x8000 ? -value : value;
    }
}
