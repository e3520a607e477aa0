package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The hot loops of attention, on decoded tiles in arrays. Stateless.
///
/// Query vectors come in blocks of four that share the loads of a tile: a block keeps eight sums
/// in registers, which with four-cycle fused multiply-adds on two ports is what keeps both busy.
/// A query gets the same operations in the same order in a block of four as alone, so how rows
/// are blocked never shows in the bits:
///
/// - a score is one chain of fused multiply-adds over the dimensions, ascending, from zero;
/// - an output element is one chain over the visible positions, ascending, from zero per split;
/// - the sum of the weights has one chain per lane over the split, then a fixed tree.
final class AttentionKernels {
    private static final VectorSpecies<Float> S = VectorFunctions.SPECIES;
    private static final int L = S.length();
    private static final int TILE = KvLayout.TILE;
    /// Distance between two queries' scores.
    private static final int SPLIT = AttentionSpec.SPLIT_POSITIONS;

    private AttentionKernels() { }

    /// scores [4, SPLIT] at columns column..column+TILE = q [4, dim] * keys [dim, TILE]
    static void scores4(float[] q, int qAt, int dim, float[] keys, float[] scores, int at) {
        for (int p = 0; p < TILE; p += 2 * L) {
            FloatVector a0 = FloatVector.zero(S);
            FloatVector a1 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector c0 = a0;
            FloatVector c1 = a0;
            FloatVector d0 = a0;
            FloatVector d1 = a0;
            for (int d = 0; d < dim; d++) {
                FloatVector k0 = FloatVector.fromArray(S, keys, d * TILE + p);
                FloatVector k1 = FloatVector.fromArray(S, keys, d * TILE + p + L);
                FloatVector x = FloatVector.broadcast(S, q[qAt + d]);
                a0 = x.fma(k0, a0);
                a1 = x.fma(k1, a1);
                x = FloatVector.broadcast(S, q[qAt + dim + d]);
                b0 = x.fma(k0, b0);
                b1 = x.fma(k1, b1);
                x = FloatVector.broadcast(S, q[qAt + 2 * dim + d]);
                c0 = x.fma(k0, c0);
                c1 = x.fma(k1, c1);
                x = FloatVector.broadcast(S, q[qAt + 3 * dim + d]);
                d0 = x.fma(k0, d0);
                d1 = x.fma(k1, d1);
            }
            a0.intoArray(scores, at + p);
            a1.intoArray(scores, at + p + L);
            b0.intoArray(scores, at + SPLIT + p);
            b1.intoArray(scores, at + SPLIT + p + L);
            c0.intoArray(scores, at + 2 * SPLIT + p);
            c1.intoArray(scores, at + 2 * SPLIT + p + L);
            d0.intoArray(scores, at + 3 * SPLIT + p);
            d1.intoArray(scores, at + 3 * SPLIT + p + L);
        }
    }

    /// As [#scores4] for one query.
    static void scores1(float[] q, int qAt, int dim, float[] keys, float[] scores, int at) {
        for (int p = 0; p < TILE; p += 2 * L) {
            FloatVector a0 = FloatVector.zero(S);
            FloatVector a1 = a0;
            for (int d = 0; d < dim; d++) {
                FloatVector x = FloatVector.broadcast(S, q[qAt + d]);
                a0 = x.fma(FloatVector.fromArray(S, keys, d * TILE + p), a0);
                a1 = x.fma(FloatVector.fromArray(S, keys, d * TILE + p + L), a1);
            }
            a0.intoArray(scores, at + p);
            a1.intoArray(scores, at + p + L);
        }
    }

    /// Scores of one vector of queries with eight latent rows, which lie in rows [8, stride] and
    /// so have lanes over queries instead of positions:
    /// block [8, L] = rows [8, dim] * q [dim, qStride] at columns qAt..qAt+L.
    /// Each score is the same chain as in [#scores4].
    static void scoresOfRows(float[] q, int qAt, int qStride, int dim, float[] rows, int rowAt,
            int stride, float[] block) {
        FloatVector a0 = FloatVector.zero(S);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        for (int d = 0; d < dim; d++) {
            FloatVector x = FloatVector.fromArray(S, q, qAt + d * qStride);
            int r = rowAt + d;
            a0 = FloatVector.broadcast(S, rows[r]).fma(x, a0);
            a1 = FloatVector.broadcast(S, rows[r + stride]).fma(x, a1);
            a2 = FloatVector.broadcast(S, rows[r + 2 * stride]).fma(x, a2);
            a3 = FloatVector.broadcast(S, rows[r + 3 * stride]).fma(x, a3);
            a4 = FloatVector.broadcast(S, rows[r + 4 * stride]).fma(x, a4);
            a5 = FloatVector.broadcast(S, rows[r + 5 * stride]).fma(x, a5);
            a6 = FloatVector.broadcast(S, rows[r + 6 * stride]).fma(x, a6);
            a7 = FloatVector.broadcast(S, rows[r + 7 * stride]).fma(x, a7);
        }
        a0.intoArray(block, 0);
        a1.intoArray(block, L);
        a2.intoArray(block, 2 * L);
        a3.intoArray(block, 3 * L);
        a4.intoArray(block, 4 * L);
        a5.intoArray(block, 5 * L);
        a6.intoArray(block, 6 * L);
        a7.intoArray(block, 7 * L);
    }

    /// out [4, outStride] += weights [4, SPLIT] at columns at+from..at+to * values [TILE, stride]
    /// at rows from..to. `outStride` is a multiple of TILE and at most `stride`.
    static void weigh4(float[] weights, int at, int from, int to, float[] values, int stride,
            float[] out, int outAt, int outStride) {
        for (int c = 0; c < outStride; c += 2 * L) {
            int o = outAt + c;
            FloatVector a0 = FloatVector.fromArray(S, out, o);
            FloatVector a1 = FloatVector.fromArray(S, out, o + L);
            FloatVector b0 = FloatVector.fromArray(S, out, o + outStride);
            FloatVector b1 = FloatVector.fromArray(S, out, o + outStride + L);
            FloatVector c0 = FloatVector.fromArray(S, out, o + 2 * outStride);
            FloatVector c1 = FloatVector.fromArray(S, out, o + 2 * outStride + L);
            FloatVector d0 = FloatVector.fromArray(S, out, o + 3 * outStride);
            FloatVector d1 = FloatVector.fromArray(S, out, o + 3 * outStride + L);
            for (int j = from; j < to; j++) {
                FloatVector v0 = FloatVector.fromArray(S, values, j * stride + c);
                FloatVector v1 = FloatVector.fromArray(S, values, j * stride + c + L);
                FloatVector x = FloatVector.broadcast(S, weights[at + j]);
                a0 = x.fma(v0, a0);
                a1 = x.fma(v1, a1);
                x = FloatVector.broadcast(S, weights[at + SPLIT + j]);
                b0 = x.fma(v0, b0);
                b1 = x.fma(v1, b1);
                x = FloatVector.broadcast(S, weights[at + 2 * SPLIT + j]);
                c0 = x.fma(v0, c0);
                c1 = x.fma(v1, c1);
                x = FloatVector.broadcast(S, weights[at + 3 * SPLIT + j]);
                d0 = x.fma(v0, d0);
                d1 = x.fma(v1, d1);
            }
            a0.intoArray(out, o);
            a1.intoArray(out, o + L);
            b0.intoArray(out, o + outStride);
            b1.intoArray(out, o + outStride + L);
            c0.intoArray(out, o + 2 * outStride);
            c1.intoArray(out, o + 2 * outStride + L);
            d0.intoArray(out, o + 3 * outStride);
            d1.intoArray(out, o + 3 * outStride + L);
        }
    }

    /// As [#weigh4] for one query.
    static void weigh1(float[] weights, int at, int from, int to, float[] values, int stride,
            float[] out, int outAt, int outStride) {
        for (int c = 0; c < outStride; c += 2 * L) {
            FloatVector a0 = FloatVector.fromArray(S, out, outAt + c);
            FloatVector a1 = FloatVector.fromArray(S, out, outAt + c + L);
            for (int j = from; j < to; j++) {
                FloatVector x = FloatVector.broadcast(S, weights[at + j]);
                a0 = x.fma(FloatVector.fromArray(S, values, j * stride + c), a0);
                a1 = x.fma(FloatVector.fromArray(S, values, j * stride + c + L), a1);
            }
            a0.intoArray(out, outAt + c);
            a1.intoArray(out, outAt + c + L);
        }
    }

    /// Scales and caps the scores at from..to of one query and hides those beside them up to
    /// whole vectors. Returns the largest.
    static float mask(float[] scores, int at, int from, int to, float scale, float cap,
            float[] lanes) {
        int first = from / L * L;
        int last = (to + L - 1) / L * L;
        for (int j = first; j < last; j += L) {
            FloatVector s = FloatVector.fromArray(S, scores, at + j).mul(scale);
            if (cap != 0) {
                s = VectorFunctions.tanh(s.div(cap)).mul(cap);
            }
            s.intoArray(scores, at + j);
        }
        Arrays.fill(scores, at + first, at + from, Float.NEGATIVE_INFINITY);
        Arrays.fill(scores, at + to, at + last, Float.NEGATIVE_INFINITY);
        FloatVector largest = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int j = first; j < last; j += L) {
            FloatVector s = FloatVector.fromArray(S, scores, at + j);
            largest = largest.blend(s, s.compare(VectorOperators.GT, largest));
        }
        largest.intoArray(lanes, 0);
        float max = lanes[0];
        for (int i = 1; i < L; i++) {
            max = Math.max(max, lanes[i]);
        }
        return max;
    }

    /// Replaces the scores that [#mask] left by e^(score - max). Returns their sum.
    static float exponentials(float[] scores, int at, int from, int to, float max, float[] lanes) {
        int first = from / L * L;
        int last = (to + L - 1) / L * L;
        for (int j = first; j < last; j += L) {
            VectorMath.exp(FloatVector.fromArray(S, scores, at + j).sub(max))
                    .intoArray(scores, at + j);
        }
        // In a loop of its own: beside the exponential, C2 may keep the sum on the heap.
        FloatVector sum = FloatVector.zero(S);
        for (int j = first; j < last; j += L) {
            sum = sum.add(FloatVector.fromArray(S, scores, at + j));
        }
        sum.intoArray(lanes, 0);
        return VectorFunctions.sum(lanes);
    }

    /// x [n] at xAt = x * a + y [n] at yAt * b; n is a multiple of TILE
    static void blend(float[] x, int xAt, float a, float[] y, int yAt, float b, int n) {
        for (int c = 0; c < n; c += L) {
            FloatVector sum = FloatVector.fromArray(S, x, xAt + c).mul(a);
            FloatVector.fromArray(S, y, yAt + c).fma(FloatVector.broadcast(S, b), sum)
                    .intoArray(x, xAt + c);
        }
    }
}
