package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// Rotary position embedding (RoFormer, arXiv 2104.09864). Stateless.
final class VectorRotary {
    private static final VectorSpecies<Float> S = VectorFunctions.SPECIES;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /// Below this position the angle is the float product that models were trained with; from
    /// here on that is off by more than a pair's angle should be, and the product is exact.
    private static final int FLOAT_POSITIONS = 1 << 16;

    private VectorRotary() { }

    /// Rows from..to of angles [T, dims]: cosines, then sines. HotSpot computes Math.cos by the
    /// same code whether the caller is interpreted or compiled; StrictMath allocates.
    static void angles(RopeSpec spec, Matrix positions, Matrix angles, int from, int to) {
        int half = spec.dims() / 2;
        for (int t = from; t < to; t++) {
            int position = positions.i32(t, 0);
            for (int m = 0; m < half; m++) {
                float frequency = spec.inverseFrequencies().f32(0, m);
                double angle = position < FLOAT_POSITIONS
                        ? (float) position * frequency : (double) position * frequency;
                angles.f32(t, m, (float) (spec.magnitude() * Math.cos(angle)));
                angles.f32(t, half + m, (float) (spec.magnitude() * Math.sin(angle)));
            }
        }
    }

    /// Rotates columns column..column+dims of rows from..to of x [T*H,C] by angles [T,dims].
    static void rotate(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing, int from,
            int to) {
        int heads = x.rows() / angles.rows();
        int half = angles.cols() / 2;
        for (int row = from; row < to; row++) {
            long at = x.byteOffset() + 4 * ((long) row * x.cols() + column);
            long angle = angles.byteOffset() + 4L * (row / heads) * angles.cols();
            switch (pairing) {
                case HALVES -> halves(x.memory(), at, angles.memory(), angle, half);
                case INTERLEAVED -> interleaved(x, row, column, angles, row / heads);
            }
        }
    }

    /// (x, y) = (x c - y s, x s + y c) for x at m and y at m + half
    private static void halves(MemorySegment x, long at, MemorySegment angles, long angle,
            int half) {
        for (int m = 0; m < half; m += S.length()) {
            VectorMask<Float> in = S.indexInRange(m, half);
            long a = at + 4L * m;
            long b = a + 4L * half;
            FloatVector c = FloatVector.fromMemorySegment(S, angles, angle + 4L * m, ORDER, in);
            FloatVector s = FloatVector.fromMemorySegment(
                    S, angles, angle + 4L * (half + m), ORDER, in);
            FloatVector p = FloatVector.fromMemorySegment(S, x, a, ORDER, in);
            FloatVector q = FloatVector.fromMemorySegment(S, x, b, ORDER, in);
            p.mul(c).sub(q.mul(s)).intoMemorySegment(x, a, ORDER, in);
            p.mul(s).add(q.mul(c)).intoMemorySegment(x, b, ORDER, in);
        }
    }

    private static void interleaved(Matrix x, int row, int column, Matrix angles, int t) {
        int half = angles.cols() / 2;
        for (int m = 0; m < half; m++) {
            float c = angles.f32(t, m);
            float s = angles.f32(t, half + m);
            float a = x.f32(row, column + 2 * m);
            float b = x.f32(row, column + 2 * m + 1);
            x.f32(row, column + 2 * m, a * c - b * s);
            x.f32(row, column + 2 * m + 1, a * s + b * c);
        }
    }
}
