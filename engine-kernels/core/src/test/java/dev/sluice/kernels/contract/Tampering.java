package dev.sluice.kernels.contract;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.lang.foreign.MemorySegment;

/// Changes to host matrices that [BrokenBackend] plants. Pure, but for [#overwrite].
final class Tampering {
    private Tampering() { }

    interface OfFloat {
        float of(float value);
    }

    interface OfInt {
        int of(int value);
    }

    /// Positions as they would be if the last row of a sequence were the only one that is right.
    static Matrix ascending(RowMap rows) {
        Matrix result = copy(rows.positions());
        for (int t = result.rows() - 2; t >= 0; t--) {
            if (rows.sequences().i32(t, 0) == rows.sequences().i32(t + 1, 0)) {
                result.i32(t, 0, Math.max(0, result.i32(t + 1, 0) - 1));
            }
        }
        return result;
    }

    /// To bfloat16, without rounding.
    static float truncated(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000);
    }

    static Matrix copy(Matrix m) {
        int[] bits = new int[m.rows() * m.cols()];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = m.i32(0, i);
        }
        return Matrix.of(m.dtype(), m.rows(), m.cols(),
                MemorySegment.ofArray(bits), 0);
    }

    static Matrix change(Matrix m, OfFloat change) {
        Matrix result = copy(m);
        for (int i = 0; i < m.rows() * m.cols(); i++) {
            result.f32(0, i, change.of(m.f32(0, i)));
        }
        return result;
    }

    static Matrix changed(Matrix m, OfInt change) {
        Matrix result = copy(m);
        for (int i = 0; i < m.rows() * m.cols(); i++) {
            result.i32(0, i, change.of(m.i32(0, i)));
        }
        return result;
    }

    static void overwrite(Matrix m, Matrix with) {
        for (int i = 0; i < m.rows() * m.cols(); i++) {
            m.i32(0, i, with.i32(0, i));
        }
    }
}
