package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// Sums over pairs (x [D], y [E]) from which regressions of y on x follow, however many pairs there
/// were: counts, means and second moments. Double precision; one thread.
final class Moments {
    private final double[] xSum;
    private final double[] ySum;
    private final double[][] xx;
    private final double[][] xy;
    private final double[] yy;
    private final double[] xRow;
    private long count;

    Moments(int inputs, int outputs) {
        xRow = new double[inputs];
        xSum = new double[inputs];
        ySum = new double[outputs];
        xx = new double[inputs][inputs];
        xy = new double[inputs][outputs];
        yy = new double[outputs];
    }

    /// Adds row `row` of x [T,D] with `y` [E].
    void add(Matrix x, int row, double[] y) {
        count++;
        for (int i = 0; i < xRow.length; i++) {
            xRow[i] = x.f32(row, i);
        }
        for (int i = 0; i < xSum.length; i++) {
            double value = xRow[i];
            xSum[i] += value;
            double[] squares = xx[i];
            for (int j = 0; j <= i; j++) {
                squares[j] += value * xRow[j];
            }
            double[] products = xy[i];
            for (int j = 0; j < y.length; j++) {
                products[j] += value * y[j];
            }
        }
        for (int j = 0; j < y.length; j++) {
            ySum[j] += y[j];
            yy[j] += y[j] * y[j];
        }
    }

    long count() { return count; }

    double xMean(int i) { return xSum[i] / count; }

    double yMean(int j) { return ySum[j] / count; }

    /// Sum of squared distances of y from its mean.
    double ySpread() {
        double sum = 0;
        for (int j = 0; j < yy.length; j++) {
            sum += yy[j] - ySum[j] * ySum[j] / count;
        }
        return sum;
    }

    /// [D,D], about the mean.
    double[][] inputCovariance() {
        var out = new double[xSum.length][xSum.length];
        for (int i = 0; i < xSum.length; i++) {
            for (int j = 0; j <= i; j++) {
                out[i][j] = xx[i][j] / count - xMean(i) * xMean(j);
                out[j][i] = out[i][j];
            }
        }
        return out;
    }

    /// [D,E], about the means.
    double[][] crossCovariance() {
        var out = new double[xSum.length][ySum.length];
        for (int i = 0; i < xSum.length; i++) {
            for (int j = 0; j < ySum.length; j++) {
                out[i][j] = xy[i][j] / count - xMean(i) * yMean(j);
            }
        }
        return out;
    }
}
