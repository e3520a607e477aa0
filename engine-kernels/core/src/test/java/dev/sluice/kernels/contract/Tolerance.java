package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;

/// How far an element may be from the oracle. Everything is derived from u = 2^-24, half a unit in
/// the last place of a float, from the length of a reduction and from the data.
///
/// - **Sum of n float products, in any order.** The worst case is n u sum|x w|; rounding errors
///   behave as independent ones, and then lambda sqrt(n) u sum|x w| holds with a probability that
///   grows with lambda (Higham and Mary, "A New Approach to Probabilistic Rounding Error
///   Analysis", 2019). Ours is (4 sqrt(n) + 8) u sum|x w|.
/// - **Quantised activations.** Codes of 8 bits with scale amax / 127 are off by at most amax / 254
///   each, amax being the largest of the weight's block (32, 128 or 256 elements), so the product
///   is off by at most the sum over blocks of amax / 254 * sum|w|. Rounding is as good as random,
///   with a deviation of amax / (127 sqrt(12)), and weights are random here, so eight deviations
///   of the sum, 8 sqrt(sum over blocks of amax^2 / (12 * 127^2) * sum w^2), are a bound too, for
///   long rows a much smaller one; the lesser of both holds. The scale must be kept as a float: a
///   half would overflow or vanish for the extreme rows.
/// - **exp, tanh, sigmoid**: 32 u relative, which polynomials and GPU intrinsics of good quality
///   meet with a margin.
/// - **Flush to zero** is allowed: results below 2^-126 may be 0, and so may inputs.
interface Tolerance {
    /// Half a unit in the last place of 1.
    double U = 0x1p-24;

    /// Room for results and inputs that are flushed to zero.
    double FLUSH = 0x1p-126;

    /// Allowed distance at row, column, where the oracle has `want`.
    double of(int row, int col, double want);

    /// A number of half units of the result itself.
    static Tolerance units(double count) {
        return (_, _, want) -> count * U * Math.abs(want) + FLUSH;
    }

    /// The factor on sum|x w| for a sum of n products.
    static double sum(int n) {
        return (4 * Math.sqrt(n) + 8) * U;
    }

    /// Tolerance of x [T,K] * weight [N,K]^T.
    static Tolerance product(Matrix x, int xColumn, SampleWeight weight) {
        int length = weight.host().cols();
        DType dtype = weight.host().dtype();
        double[][] bounds = new double[x.rows()][weight.host().rows()];
        for (int n = 0; n < weight.host().rows(); n++) {
            float[] w = weight.row(n);
            for (int t = 0; t < x.rows(); t++) {
                bounds[t][n] = productBound(x, t, xColumn, w, dtype, length);
            }
        }
        return (row, col, _) -> bounds[row][col];
    }

    private static double productBound(Matrix x, int t, int xColumn, float[] w, DType dtype,
            int length) {
        int block = dtype.blockElements();
        double rounding = 0;
        double coding = 0;
        double variance = 0;
        double flushed = 0;
        for (int from = 0; from < length; from += block) {
            double largest = 0;
            double weights = 0;
            double squares = 0;
            for (int k = from; k < from + block; k++) {
                double value = Math.abs(x.f32(t, xColumn + k));
                largest = Math.max(largest, value);
                weights += Math.abs(w[k]);
                squares += (double) w[k] * w[k];
                rounding += value * Math.abs(w[k]);
            }
            coding += dtype.quantised() ? largest / 254 * weights : 0;
            variance += largest * largest / (12 * 127 * 127) * squares;
            flushed += FLUSH * weights;
        }
        coding = Math.min(coding, 8 * Math.sqrt(variance));
        return rounding * sum(length) + coding * (1 + 0x1p-10) + flushed * 256 + FLUSH;
    }

    /// Relative error of a whole product of ordinary matrices in the 2-norm: the rounding of a sum
    /// grows with sqrt(n), and 8-bit codes add noise of amax / (127 sqrt(12)), where amax is 2 to 3
    /// standard deviations in a block: 0.6 to 0.8 percent. Twice that, because a small matrix is
    /// a small sample.
    static double productNorm(DType dtype, int length) {
        return dtype.quantised() ? 0.016 : 2 * U * (Math.sqrt(length) + 4);
    }
}
