package dev.sluice.kernels.vector;

import static dev.sluice.kernels.vector.VectorRows.at;
import static dev.sluice.kernels.vector.VectorRows.load;
import static dev.sluice.kernels.vector.VectorRows.store;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The operations on rows that encoders need beside those of decoders: LayerNorm and exact GELU.
/// Like [VectorRows], an element's bits do not depend on where it lies. Stateless but for the lane
/// scratch that callers pass.
final class VectorEncoderRows {
    private static final VectorSpecies<Float> S = VectorFunctions.SPECIES;
    private static final VectorSpecies<Double> D =
            VectorSpecies.of(double.class, VectorShape.forBitSize(S.vectorBitSize()));
    private static final int L = S.length();
    private static final float SQRT_HALF = 0.70710678f;
    /// Beyond this Phi(-x) is below the least float.
    private static final float TAIL_MAX = 14.5f;
    /// erfc(z) e^(z^2) / (2 t) for t = 1 / (1 + z/2) as a polynomial in t on 0 <= z <= 10, fitted
    /// by Lawson's iteration for the least largest relative error, 2e-8; in floats 3e-7.
    private static final float P9 = 0.012285946f / 2;
    private static final float P8 = -0.12326522f / 2;
    private static final float P7 = 0.42895153f / 2;
    private static final float P6 = -0.6700512f / 2;
    private static final float P5 = 0.4212965f / 2;
    private static final float P4 = -0.09832869f / 2;
    private static final float P3 = 0.22554538f / 2;
    private static final float P2 = 0.23864414f / 2;
    private static final float P1 = 0.28285712f / 2;
    private static final float P0 = 0.2820645f / 2;

    /// weight [1,D] and bias [1,D]
    record Norm(Matrix weight, Matrix bias, float epsilon) { }

    private VectorEncoderRows() { }

    /// out = (x - mean) / sqrt(variance + epsilon) * weight + bias. The mean and the squares of
    /// the centred row are summed in double, so that a large mean does not swallow the variance.
    static void layerNorm(Norm norm, Matrix x, Matrix out, int from, int to, double[] lanes) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            double mean = sum(x.memory(), at(x, row), n, lanes) / n;
            double squares = centredSquares(x.memory(), at(x, row), n, mean, lanes);
            double factor = 1 / Math.sqrt(squares / n + norm.epsilon);
            centre(norm, x, out, row, mean, factor);
        }
    }

    private static double sum(MemorySegment memory, long at, int n, double[] lanes) {
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = low;
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(memory, at + 4L * i, n - i);
            low = low.add(v.convertShape(VectorOperators.F2D, D, 0));
            high = high.add(v.convertShape(VectorOperators.F2D, D, 1));
        }
        return total(low.add(high), lanes);
    }

    private static double centredSquares(MemorySegment memory, long at, int n, double mean,
            double[] lanes) {
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = low;
        int half = D.length();
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(memory, at + 4L * i, n - i);
            var a = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 0);
            var b = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 1);
            // What lies behind the row's end is no element: it stays 0.
            a = DoubleVector.zero(D).blend(a.sub(mean), D.indexInRange(i, n));
            b = DoubleVector.zero(D).blend(b.sub(mean), D.indexInRange(i + half, n));
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        return total(low.add(high), lanes);
    }

    private static double total(DoubleVector v, double[] lanes) {
        v.intoArray(lanes, 0);
        for (int half = D.length() / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    private static void centre(Norm norm, Matrix x, Matrix out, int row, double mean,
            double factor) {
        int n = x.cols();
        float high = (float) mean;
        // The mean in two floats: a row far from zero keeps its small differences.
        float low = (float) (mean - high);
        long source = at(x, row);
        long target = at(out, row);
        for (int i = 0; i < n; i += L) {
            FloatVector v = load(x.memory(), source + 4L * i, n - i).sub(high).sub(low)
                    .mul((float) factor);
            FloatVector w = load(norm.weight.memory(), norm.weight.byteOffset() + 4L * i, n - i);
            FloatVector b = load(norm.bias.memory(), norm.bias.byteOffset() + 4L * i, n - i);
            store(v.fma(w, b), out.memory(), target + 4L * i, n - i);
        }
    }

    /// x = x Phi(x)
    static void gelu(Matrix x, int from, int to) {
        int n = x.cols();
        for (int row = from; row < to; row++) {
            long p = at(x, row);
            for (int i = 0; i < n; i += L) {
                FloatVector v = load(x.memory(), p + 4L * i, n - i);
                FloatVector tail = upperTail(v.abs().min(TAIL_MAX));
                VectorMask<Float> negative = v.lt(0);
                FloatVector below = FloatVector.broadcast(S, 1).sub(tail).blend(tail, negative);
                store(v.mul(below), x.memory(), p + 4L * i, n - i);
            }
        }
    }

    /// Phi(-a) for a >= 0: e^(-a^2/2) times [#scaledTail]. The rounding error of a^2/2, which the
    /// exponential would blow up, is taken up by a factor.
    private static FloatVector upperTail(FloatVector a) {
        FloatVector half = a.mul(-0.5f);
        FloatVector exponent = a.mul(half);
        FloatVector lost = a.fma(half, exponent.neg());
        FloatVector e = VectorMath.exp(exponent);
        return e.fma(lost, e).mul(scaledTail(a));
    }

    private static FloatVector scaledTail(FloatVector a) {
        FloatVector one = FloatVector.broadcast(S, 1);
        FloatVector t = one.div(a.mul(SQRT_HALF / 2).add(one));
        FloatVector p = FloatVector.broadcast(S, P9);
        p = p.fma(t, FloatVector.broadcast(S, P8));
        p = p.fma(t, FloatVector.broadcast(S, P7));
        p = p.fma(t, FloatVector.broadcast(S, P6));
        p = p.fma(t, FloatVector.broadcast(S, P5));
        p = p.fma(t, FloatVector.broadcast(S, P4));
        p = p.fma(t, FloatVector.broadcast(S, P3));
        p = p.fma(t, FloatVector.broadcast(S, P2));
        p = p.fma(t, FloatVector.broadcast(S, P1));
        return p.fma(t, FloatVector.broadcast(S, P0)).mul(t);
    }
}
