package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/// A random weight in a host segment that starts three blocks in, as a tensor in a file starts
/// anywhere, and the form that the subject's `prepare` made of it.
final class SampleWeight {
    private final byte[] original;
    private final Matrix host;
    private final Matrix prepared;

    private SampleWeight(byte[] original, Matrix host, Matrix prepared) {
        this.original = original;
        this.host = host;
        this.prepared = prepared;
    }

    static SampleWeight random(Kernels subject, DType dtype, int rows, int cols, Random random) {
        int size = Math.toIntExact(rows * dtype.rowBytes(cols));
        int lead = 3 * dtype.blockBytes();
        byte[] bytes = new byte[lead + size + lead];
        random.nextBytes(bytes);
        for (int at = lead; at < lead + size; at += dtype.blockBytes()) {
            tame(dtype, bytes, at, random);
        }
        // Native memory, as a mapped file is; collected with its last view.
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length, 64);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        Matrix host = Matrix.of(dtype, rows, cols, memory, lead);
        return new SampleWeight(bytes, host, subject.prepare(host));
    }

    /// Makes one block of random bytes an ordinary one: finite scales of a size that gives values
    /// around 1, one block in sixteen all zero.
    private static void tame(DType dtype, byte[] b, int at, Random random) {
        boolean zero = random.nextInt(16) == 0;
        double ordinary = switch (dtype) {
            case F32, F16, BF16, I32 -> 1.0;
            case Q8_0, IQ4_NL -> 1 / 64.0;
            case Q4_0, Q4_1, Q5_0, Q5_1 -> 1 / 8.0;
            case Q2_K -> 1 / 32.0;
            case Q3_K, Q4_K, Q5_K -> 1 / 256.0;
            case Q6_K, IQ4_XS -> 1 / 1024.0;
            case MXFP4, F8_E4M3 -> 1 / 32.0;
        };
        float size = zero && dtype.quantised() ? 0 : (float) (random.nextGaussian() * ordinary);
        switch (dtype) {
            case F32 -> putFloat(b, at, size);
            case BF16 -> putHalf(b, at, (short) (Float.floatToRawIntBits(size) >>> 16));
            case F8_E4M3 -> {
                putFloat(b, at, size);
                for (int i = at + 4; i < at + 132; i++) {
                    b[i] = (b[i] & 0x7F) == 0x7F ? 0x38 : b[i];
                }
            }
            case MXFP4 -> b[at] = (byte) (zero ? 0 : 120 + random.nextInt(8));
            case I32, F16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL,
                    IQ4_XS -> {
                for (int offset : BlockFormulas.halfOffsets(dtype)) {
                    putHalf(b, at + offset, Float.floatToFloat16(size));
                }
            }
        }
    }

    private static void putFloat(byte[] b, int at, float value) {
        MemorySegment.ofArray(b).set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
    }

    private static void putHalf(byte[] b, int at, short bits) {
        MemorySegment.ofArray(b).set(ValueLayout.JAVA_SHORT_UNALIGNED, at, bits);
    }

    Matrix host() { return host; }

    Matrix prepared() { return prepared; }

    float[] row(int n) {
        float[] row = new float[host.cols()];
        Dequantiser.row(host, n, row);
        return row;
    }

    void requireUnchanged(String context) {
        byte[] now = host.memory().toArray(ValueLayout.JAVA_BYTE);
        if (!Arrays.equals(now, original)) {
            throw new AssertionError("%s: changed the weight's file at byte %d of %d"
                    .formatted(context, Arrays.mismatch(now, original), now.length));
        }
    }
}
