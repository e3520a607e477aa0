package dev.sluice.kernels.vector;

/// The definition of a product in the vector backend, in plain loops: the bits that every kernel
/// must give. Also the product in doubles with its error bound.
final class ScalarProducts {
    private ScalarProducts() {
    }

    /// One row of x times row `n` of the weight.
    static float product(float[] x, BlockDecoder w, int n) {
        return w.quantised() ? quantised(x, w, n) : floats(x, w, n);
    }

    private static float floats(float[] x, BlockDecoder w, int n) {
        float out = 0;
        for (int from = 0; from < x.length; from += 32) {
            float sum = 0;
            for (int k = from; k < Math.min(from + 32, x.length); k++) {
                sum = Math.fma(w.value(n, k), x[k], sum);
            }
            out += sum;
        }
        return out;
    }

    private static float quantised(float[] x, BlockDecoder w, int n) {
        float out = 0;
        int width = w.blockColumns();
        for (int from = 0; from < x.length; from += width) {
            float amax = 0;
            for (int k = from / 32 * 32; k < from / 32 * 32 + 32; k++) {
                amax = Math.max(amax, Math.abs(x[k]));
            }
            float inverse = 127f / amax;
            float d = inverse == Float.POSITIVE_INFINITY ? 0 : halfScale(amax / 127f);
            int sum = 0;
            int asum = 0;
            for (int k = from; k < from + width; k++) {
                int q = d == 0 ? 0 : (int) Math.rint(x[k] * inverse);
                sum += w.code(n, k) * q;
                asum += q;
            }
            out = Math.fma((float) sum, w.scale(n, from) * d, out);
            if (w.hasMinimum()) {
                out = Math.fma(w.minimum(n, from), d * asum, out);
            }
        }
        return out;
    }

    /// The product of the decoded weights with x in doubles, and how far the quantised one may be
    /// away: half a step amax/127 of x for each weight, and rounding of the sums.
    static double[] exactAndBound(float[] x, BlockDecoder w, int n) {
        double exact = 0;
        double bound = 0;
        double magnitude = 0;
        for (int k = 0; k < x.length; k++) {
            double value = w.quantised()
                    ? (double) w.code(n, k) * w.scale(n, k) + w.minimum(n, k) : w.value(n, k);
            exact += value * x[k];
            magnitude += Math.abs(value * x[k]);
            if (w.quantised()) {
                double amax = 0;
                for (int i = k / 32 * 32; i < k / 32 * 32 + 32; i++) {
                    amax = Math.max(amax, Math.abs(x[i]));
                }
                double parts = Math.abs((double) w.code(n, k) * w.scale(n, k))
                        + Math.abs(w.minimum(n, k));
                bound += Math.abs(value) * amax / 254 * 1.0001;
                magnitude += parts * amax;
            }
        }
        return new double[] {exact, bound + magnitude * (x.length / 16 + 40) * 0x1p-24 + 1e-40};
    }

    /// To the nearest half where that is a normal number.
    private static float halfScale(float d) {
        float half = Float.float16ToFloat(Float.floatToFloat16(d));
        boolean normal = half >= Math.scalb(1f, -14) && half <= 65504;
        return normal ? half : d;
    }
}
