package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;

/// The definition of a product in the vector backend, in plain loops: the bits that every kernel
/// must give. Also the product in doubles with its error bound. Decodes its weight once.
final class ScalarProducts {
    private final boolean quantised;
    private final boolean hasMinimum;
    private final int blockColumns;
    private final int[][] codes;
    private final float[][] scales;
    private final float[][] minimums;

    ScalarProducts(Matrix weight) {
        var decoder = new BlockDecoder(weight);
        quantised = decoder.quantised();
        hasMinimum = decoder.hasMinimum();
        blockColumns = decoder.blockColumns();
        codes = new int[weight.rows()][weight.cols()];
        scales = new float[weight.rows()][weight.cols()];
        minimums = new float[weight.rows()][weight.cols()];
        for (int n = 0; n < weight.rows(); n++) {
            for (int k = 0; k < weight.cols(); k++) {
                codes[n][k] = quantised ? decoder.code(n, k) : 1;
                scales[n][k] = quantised ? decoder.scale(n, k) : decoder.value(n, k);
                minimums[n][k] = quantised ? decoder.minimum(n, k) : 0;
            }
        }
    }

    /// One row of x times row `n` of the weight.
    float product(float[] x, int n) {
        return quantised ? quantised(x, n) : floats(x, n);
    }

    private float floats(float[] x, int n) {
        float out = 0;
        for (int from = 0; from < x.length; from += 32) {
            float sum = 0;
            for (int k = from; k < Math.min(from + 32, x.length); k++) {
                sum = Math.fma(scales[n][k], x[k], sum);
            }
            out += sum;
        }
        return out;
    }

    private float quantised(float[] x, int n) {
        float out = 0;
        for (int from = 0; from < x.length; from += blockColumns) {
            float amax = maximum(x, from);
            float inverse = 127f / amax;
            float d = inverse == Float.POSITIVE_INFINITY ? 0 : halfScale(amax / 127f);
            int sum = 0;
            int asum = 0;
            for (int k = from; k < from + blockColumns; k++) {
                int q = d == 0 ? 0 : (int) Math.rint(x[k] * inverse);
                sum += codes[n][k] * q;
                asum += q;
            }
            out = Math.fma((float) sum, scales[n][from] * d, out);
            if (hasMinimum) {
                out = Math.fma(minimums[n][from], d * asum, out);
            }
        }
        return out;
    }

    private static float maximum(float[] x, int column) {
        float amax = 0;
        for (int k = column / 32 * 32; k < column / 32 * 32 + 32; k++) {
            amax = Math.max(amax, Math.abs(x[k]));
        }
        return amax;
    }

    /// The product of the decoded weights with x in doubles, and how far the quantised one may be
    /// away: half a step amax/127 of x for each weight, and one rounding for each step of the sums.
    double[] exactAndBound(float[] x, int n) {
        double exact = 0;
        double bound = 0;
        double magnitude = 0;
        for (int k = 0; k < x.length; k++) {
            double product = (double) codes[n][k] * scales[n][k];
            double value = product + minimums[n][k];
            exact += value * x[k];
            double largest = quantised ? maximum(x, k) : Math.abs(x[k]);
            magnitude += (Math.abs(product) + Math.abs(minimums[n][k])) * largest;
            // 1.0001: d and 127 / amax are rounded, and blocks below 4e-37 count as zero.
            bound += quantised ? Math.abs(value) * largest / 254 * 1.0001 : 0;
        }
        int roundings = x.length / blockColumns * 4 + 40;
        return new double[] {exact, bound + magnitude * roundings * 0x1p-24 + 1e-36};
    }

    /// To the nearest half where that is a normal number.
    private static float halfScale(float d) {
        float half = Float.float16ToFloat(Float.floatToFloat16(d));
        boolean normal = half >= Math.scalb(1f, -14) && half <= 65504;
        return normal ? half : d;
    }
}
