package dev.sluice.models.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// Rows of a matrix as the codes and scales of ONNX Runtime's `MatMulNBits` and `QMoE`: blocks of
/// 32 along a row, each code an unsigned number from which half its range is taken, times the
/// block's scale. Two codes of four bits share a byte, the earlier one in the low half.
///
/// Blocks of Q4_0 (to four bits) and Q8_0 (to eight) mean the same in another order, so they are
/// rewritten without loss. Anything else is rounded: the element of the largest magnitude becomes
/// the end of the range that reaches further, as ggml's Q4_0 does. Stateless but for scratch; one
/// thread.
final class BlockCodes {
    static final int BLOCK = 32;

    private final int bits;
    private float[] row = new float[0];

    BlockCodes(int bits) {
        this.bits = bits;
    }

    /// Bytes of the codes of one row.
    static long codeBytes(int bits, int cols) {
        return (long) cols * bits / 8;
    }

    /// Writes the codes of row `r` to `codes` from byte `at`, its scales to `scales` from element
    /// `scaleAt`.
    void write(Matrix m, int r, MemorySegment codes, long at, MemorySegment scales, long scaleAt) {
        boolean lossless = m.layout() == Layout.ROWS
                && m.dtype() == (bits == 4 ? DType.Q4_0 : DType.Q8_0);
        if (!lossless) {
            if (row.length < m.cols()) {
                row = new float[m.cols()];
            }
            Dequantiser.row(m, r, row);
        }
        long from = lossless ? m.byteOffset() + r * m.dtype().rowBytes(m.cols()) : 0;
        for (int b = 0; b < m.cols() / BLOCK; b++) {
            long to = at + codeBytes(bits, b * BLOCK);
            float scale;
            if (!lossless) {
                scale = round(b * BLOCK, codes, to);
            } else {
                long block = from + (long) b * m.dtype().blockBytes();
                scale = Float.float16ToFloat(m.memory().get(JAVA_SHORT_UNALIGNED, block));
                rewrite(m.memory(), block + 2, codes, to);
            }
            scales.set(JAVA_FLOAT_UNALIGNED, 4 * (scaleAt + b), scale);
        }
    }

    /// Q4_0 holds elements j and j + 16 in byte j; Q8_0 holds signed codes.
    private void rewrite(MemorySegment from, long block, MemorySegment codes, long to) {
        for (int i = 0; i < BLOCK; i++) {
            int code;
            if (bits == 8) {
                code = from.get(JAVA_BYTE, block + i) + 128;
            } else {
                int both = from.get(JAVA_BYTE, block + i % 16) & 0xFF;
                code = i < 16 ? both & 15 : both >> 4;
            }
            put(codes, to, i, code);
        }
    }

    /// Rounds the block of [#row] that begins at `first` and returns its scale.
    private float round(int first, MemorySegment codes, long to) {
        float extreme = 0;
        for (int i = first; i < first + BLOCK; i++) {
            extreme = Math.abs(row[i]) > Math.abs(extreme) ? row[i] : extreme;
        }
        int zero = 1 << bits - 1;
        float scale = extreme / -zero;
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < BLOCK; i++) {
            int code = Math.clamp(Math.round(row[first + i] * inverse) + zero, 0, 2 * zero - 1);
            put(codes, to, i, code);
        }
        return scale;
    }

    private void put(MemorySegment codes, long to, int i, int code) {
        if (bits == 8) {
            codes.set(JAVA_BYTE, to + i, (byte) code);
        } else if (i % 2 == 0) {
            codes.set(JAVA_BYTE, to + i / 2, (byte) code);
        } else {
            int low = codes.get(JAVA_BYTE, to + i / 2);
            codes.set(JAVA_BYTE, to + i / 2, (byte) (low | code << 4));
        }
    }
}
