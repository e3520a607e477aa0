package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Operations on rows from..to of F32 matrices, which the pool may run piece by piece. The tail of
/// a row goes through the same vector operations under a mask, so an element's bits do not depend
/// on where it lies. Stateless but for the lane scratch that callers pass.
final class VectorRows {
    private static final VectorSpecies<Float> S = VectorFunctions.SPECIES;
    private static final VectorSpecies<Double> D =
            VectorSpecies.of(double.class, VectorShape.forBitSize(S.vectorBitSize()));
    private static final int L = S.length();
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private VectorRows() { }

    static FloatVector load(MemorySegment m, long at, int rest) {
        return rest >= L ? FloatVector.fromMemorySegment(S, m, at, ORDER)
                : FloatVector.fromMemorySegment(S, m, at, ORDER, S.indexInRange(0, rest));
    }

    static void store(FloatVector v, MemorySegment m, long at, int rest) {
        if (rest >= L) {
            v.intoMemorySegment(m, at, ORDER);
        } else {
            v.intoMemorySegment(m, at, ORDER, S.indexInRange(0, rest));
        }
    }

    static long at(Matrix m, int row) {
        return m.byteOffset() + 4L * row * m.cols();
    }

    /// out = x / sqrt(mean(x^2) + epsilon) * weight [1,D]. Squares are exact in double and are
    /// summed there, one chain per lane and half, then by a fixed tree: large rows can not
    /// overflow.
    static void rmsNorm(Matrix x, Matrix weight, float epsilon, Matrix out, int from, int to,
            double[] lanes) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            double squares = squares(x.memory(), at(x, row), n, lanes);
            float factor = (float) (1 / Math.sqrt(squares / n + epsilon));
            long source = at(x, row);
            long target = at(out, row);
            for (int i = 0; i < n; i += L) {
                FloatVector v = load(x.memory(), source + 4L * i, n - i).mul(factor);
                FloatVector w = load(weight.memory(), weight.byteOffset() + 4L * i, n - i);
                store(v.mul(w), out.memory(), target + 4L * i, n - i);
            }
        }
    }

    private static double squares(MemorySegment memory, long at, int n, double[] lanes) {
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = low;
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(memory, at + 4L * i, n - i);
            var a = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 0);
            var b = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 1);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        low.add(high).intoArray(lanes, 0);
        for (int half = D.length() / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    /// x += bias [1,N]
    static void addBias(Matrix x, Matrix bias, int from, int to) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            long p = at(x, row);
            for (int i = 0; i < n; i += L) {
                FloatVector b = load(bias.memory(), bias.byteOffset() + 4L * i, n - i);
                store(load(x.memory(), p + 4L * i, n - i).add(b), x.memory(), p + 4L * i, n - i);
            }
        }
    }

    /// x += factor * y
    static void add(Matrix x, Matrix y, float factor, int from, int to) {
        for (int row = from; row < to; row++) {
            addRow(x, y, row, factor);
        }
    }

    /// x += sigmoid(gate [T,1]) * y
    static void addGated(Matrix x, Matrix gate, Matrix y, int from, int to) {
        for (int row = from; row < to; row++) {
            addRow(x, y, row, VectorMath.sigmoid(gate.f32(row, 0)));
        }
    }

    private static void addRow(Matrix x, Matrix y, int row, float factor) {
        int n = x.cols();
        FloatVector f = FloatVector.broadcast(S, factor);
        long p = at(x, row);
        long q = at(y, row);
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(y.memory(), q + 4L * i, n - i);
            v = v.fma(f, load(x.memory(), p + 4L * i, n - i));
            store(v, x.memory(), p + 4L * i, n - i);
        }
    }

    /// x *= factor
    static void scale(Matrix x, float factor, int from, int to) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            long p = at(x, row);
            for (int i = 0; i < n; i += L) {
                store(load(x.memory(), p + 4L * i, n - i).mul(factor), x.memory(), p + 4L * i,
                        n - i);
            }
        }
    }

    /// x = cap * tanh(x / cap)
    static void softcap(Matrix x, float cap, int from, int to) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            long p = at(x, row);
            for (int i = 0; i < n; i += L) {
                FloatVector v = load(x.memory(), p + 4L * i, n - i).div(cap);
                store(VectorFunctions.tanh(v).mul(cap), x.memory(), p + 4L * i, n - i);
            }
        }
    }

    /// x = min(max(x, -limit), limit)
    static void clamp(Matrix x, float limit, int from, int to) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            long p = at(x, row);
            for (int i = 0; i < n; i += L) {
                FloatVector v = load(x.memory(), p + 4L * i, n - i).max(-limit).min(limit);
                store(v, x.memory(), p + 4L * i, n - i);
            }
        }
    }

    /// out = activation(gate, up)
    static void gatedActivation(Activation activation, Matrix gate, Matrix up, Matrix out, int from,
            int to) {
        int n = gate.cols();
        for (int row = from; row < to; row++) {
            long g = at(gate, row);
            long u = at(up, row);
            long o = at(out, row);
            for (int i = 0; i < n; i += L) {
                FloatVector v = activate(activation, load(gate.memory(), g + 4L * i, n - i),
                        load(up.memory(), u + 4L * i, n - i));
                store(v, out.memory(), o + 4L * i, n - i);
            }
        }
    }

    /// The activation of [Activation] for a vector of gates and ups.
    static FloatVector activate(Activation activation, FloatVector gate, FloatVector up) {
        return switch (activation) {
            case SILU -> gate.mul(VectorFunctions.sigmoid(gate)).mul(up);
            case GELU_TANH -> gate.mul(VectorFunctions.sigmoid(gelu(gate))).mul(up);
            case SWIGLU_CLAMPED -> {
                FloatVector g = gate.min(7f);
                FloatVector u = up.min(7f).max(-7f).add(1f);
                yield u.mul(g).mul(VectorFunctions.sigmoid(g.mul(1.702f)));
            }
        };
    }

    /// 2 sqrt(2/pi) (x + 0.044715 x^3): GELU's 0.5 (1 + tanh(y)) is sigmoid(2 y), which does not
    /// cancel for negative x.
    private static FloatVector gelu(FloatVector x) {
        FloatVector cubic = x.mul(x).mul(0.044715f * 1.5957691216057308f).add(1.5957691216057308f);
        return x.mul(cubic);
    }

    /// out row r = x row rows[r]
    static void gather(Matrix x, Matrix rows, Matrix out, int from, int to) {
        for (int row = from; row < to; row++) {
            MemorySegment.copy(x.memory(), at(x, rows.i32(row, 0)), out.memory(), at(out, row),
                    4L * out.cols());
        }
    }

    /// out row t = scale * row [D], which the caller has decoded
    static void embed(float[] row, float scale, Matrix out, int t) {
        int n = out.cols();
        for (int i = 0; i < n; i++) {
            row[i] *= scale;
        }
        MemorySegment.copy(row, 0, out.memory(), JAVA_FLOAT_UNALIGNED, at(out, t), n);
    }

    /// to columns toColumn.. = from columns fromColumn.., `count` of them
    static void copyColumns(Matrix source, int fromColumn, Matrix target, int toColumn, int count,
            int from, int to) {
        for (int row = from; row < to; row++) {
            MemorySegment.copy(source.memory(), at(source, row) + 4L * fromColumn, target.memory(),
                    at(target, row) + 4L * toColumn, 4L * count);
        }
    }
}
