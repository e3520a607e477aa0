package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Random bytes with sensible scales, and among them the awkward ones: subnormal, -0, all-ones
/// codes, extreme exponents.
final class RandomWeights {
    private RandomWeights() {
    }

    static Matrix of(DType dtype, int rows, int cols, Random random) {
        byte[] bytes = new byte[(int) (rows * dtype.rowBytes(cols)) + 3];
        random.nextBytes(bytes);
        MemorySegment m = MemorySegment.ofArray(bytes);
        int count = rows * (cols / dtype.blockElements());
        for (int b = 0; b < count; b++) {
            long at = 3 + (long) b * dtype.blockBytes();
            if (random.nextInt(20) == 0) {
                m.asSlice(at, dtype.blockBytes()).fill((byte) 0xFF);
            }
            switch (dtype) {
                case F32 -> m.set(JAVA_FLOAT_UNALIGNED, at, (float) random.nextGaussian());
                case F16 -> half(m, at, random);
                case BF16 -> m.set(JAVA_SHORT_UNALIGNED, at,
                        (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >> 16));
                case F8_E4M3 -> {
                    m.set(JAVA_FLOAT_UNALIGNED, at, (float) random.nextGaussian() / 100);
                    for (int i = 4; i < 132; i++) {
                        byte v = m.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + i);
                        if ((v & 0x7F) == 0x7F) {
                            m.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at + i, (byte) 0x7E);
                        }
                    }
                }
                case Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> half(m, at, random);
                case Q4_1, Q5_1, Q4_K, Q5_K -> {
                    half(m, at, random);
                    half(m, at + 2, random);
                }
                case Q2_K -> {
                    half(m, at + 80, random);
                    half(m, at + 82, random);
                }
                case Q3_K -> half(m, at + 108, random);
                case Q6_K -> half(m, at + 208, random);
                case MXFP4 -> m.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at,
                        (byte) (random.nextInt(10) == 0 ? random.nextInt(3)
                                : 120 + random.nextInt(12)));
                case I32 -> throw new IllegalArgumentException();
            }
        }
        return Matrix.of(dtype, rows, cols, m, 3);
    }

    private static void half(MemorySegment m, long at, Random random) {
        short bits = switch (random.nextInt(12)) {
            case 0 -> (short) 0x8000;
            case 1 -> (short) (1 + random.nextInt(0x3FF));
            case 2 -> (short) (0x8001 + random.nextInt(0x3FE));
            default -> Float.floatToFloat16((float) random.nextGaussian() / 50);
        };
        m.set(JAVA_SHORT_UNALIGNED, at, bits);
    }

    /// Rows of normal values with blocks of zeros, a large outlier, and tiny values.
    static float[] activations(int rows, int cols, Random random) {
        float[] x = new float[rows * cols];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        for (int r = 0; r < rows; r++) {
            int at = r * cols;
            switch (r % 4) {
                case 1 -> x[at + random.nextInt(cols)] = 1000;
                case 2 -> java.util.Arrays.fill(x, at, at + Math.min(cols, 64), 0f);
                case 3 -> x[at] = 1e-39f;
                default -> { }
            }
        }
        return x;
    }
}
