package dev.sluice.kernels;

/// The standard normal distribution in double precision, for the oracle of GELU. Stateless.
public final class NormalDistribution {
    /// From here on the continued fraction converges fast, and the series would cancel.
    private static final double TAIL = 3;
    /// Terms enough for a double at [#TAIL], and more than enough beyond.
    private static final int FRACTION_TERMS = 80;

    private NormalDistribution() { }

    /// Phi(x), the probability of a value below `x`, with a relative error below 1e-10.
    public static double below(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        double tail = upperTail(Math.abs(x) / Math.sqrt(2));
        return x < 0 ? tail : 1 - tail;
    }

    /// erfc(z) / 2 for z >= 0.
    private static double upperTail(double z) {
        return z < TAIL ? (1 - errorFunction(z)) / 2
                : Math.exp(-z * z) / (2 * Math.sqrt(Math.PI) * fraction(z));
    }

    /// erf(z) = 2/sqrt(pi) e^(-z^2) sum over n of 2^n z^(2n+1) / (2n+1)!!, all terms positive.
    private static double errorFunction(double z) {
        double term = z;
        double sum = 0;
        for (int n = 1; term > sum * 0x1p-60; n++) {
            sum += term;
            term *= 2 * z * z / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
    }

    /// z + (1/2)/(z + 1/(z + (3/2)/(z + ...))), Laplace's continued fraction of erfc.
    private static double fraction(double z) {
        double value = z;
        for (int n = FRACTION_TERMS; n > 0; n--) {
            value = z + n / 2.0 / value;
        }
        return value;
    }
}
