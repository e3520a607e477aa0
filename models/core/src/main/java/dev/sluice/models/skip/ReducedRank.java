package dev.sluice.models.skip;

/// Reduced-rank ridge regression (Izenman 1975; Mukherjee and Zhu 2011): the ridge solution W, then
/// its projection on the leading directions of what it fits. With C the covariance of x,
///
///     W = (C + ridge * mean(diag C) * I)^-1 cov(x, y)        [D,E]
///     V = leading eigenvectors of W' C W                     [E,r]
///     y = V (W V)' (x - mean x) + mean y
///
/// which minimises the squared error over all maps of rank r, up to the ridge.
final class ReducedRank {
    private ReducedRank() { }

    /// The map of rank `rank` from x to y; as many inputs as outputs.
    static LowRank fit(Moments moments, double ridge, int rank) {
        double[][] covariance = moments.inputCovariance();
        double[][] w = ridge(moments, ridge);
        int d = w.length;
        double[][] fitted = product(transposed(w), product(covariance, w));
        double[][] v = SymmetricEigen.largest(fitted, rank);
        var down = new float[rank * d];
        var up = new float[d * rank];
        var bias = new float[d];
        for (int r = 0; r < rank; r++) {
            for (int i = 0; i < d; i++) {
                down[r * d + i] = (float) dot(w[i], v[r]);
                up[i * rank + r] = (float) v[r][i];
            }
        }
        for (int i = 0; i < d; i++) {
            double value = moments.yMean(i);
            for (int r = 0; r < rank; r++) {
                for (int j = 0; j < d; j++) {
                    value -= (double) up[i * rank + r] * down[r * d + j] * moments.xMean(j);
                }
            }
            bias[i] = (float) value;
        }
        return new LowRank(rank, down, up, bias);
    }

    /// The full solution W [D,E]: y - mean y = W' (x - mean x).
    static double[][] ridge(Moments moments, double ridge) {
        double[][] a = moments.inputCovariance();
        double trace = 0;
        for (int i = 0; i < a.length; i++) {
            trace += a[i][i];
        }
        for (int i = 0; i < a.length; i++) {
            a[i][i] += ridge * trace / a.length + Double.MIN_NORMAL;
        }
        return solve(a, moments.crossCovariance());
    }

    /// The X of A X = B by the Cholesky factor of A, which is overwritten, as is B.
    private static double[][] solve(double[][] a, double[][] b) {
        int n = a.length;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= a[i][k] * a[j][k];
                }
                a[i][j] = i == j ? Math.sqrt(sum) : sum / a[j][j];
            }
        }
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < i; k++) {
                subtract(b[i], a[i][k], b[k]);
            }
            divide(b[i], a[i][i]);
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int k = i + 1; k < n; k++) {
                subtract(b[i], a[k][i], b[k]);
            }
            divide(b[i], a[i][i]);
        }
        return b;
    }

    private static void subtract(double[] from, double factor, double[] row) {
        for (int j = 0; j < from.length; j++) {
            from[j] -= factor * row[j];
        }
    }

    private static void divide(double[] row, double by) {
        for (int j = 0; j < row.length; j++) {
            row[j] /= by;
        }
    }

    private static double[][] product(double[][] a, double[][] b) {
        var out = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                subtract(out[i], -a[i][k], b[k]);
            }
        }
        return out;
    }

    private static double[][] transposed(double[][] a) {
        var out = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[i].length; j++) {
                out[j][i] = a[i][j];
            }
        }
        return out;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
