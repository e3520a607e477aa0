package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// What is learned about one sublayer, in three passes over text: the map from sums over rows
/// (x, y), then the gate and the held-out error from the map's errors on other rows, then the
/// gate's scores of those. One thread.
final class SublayerFit {
    /// Below any error that matters, so that a perfect forecast has a finite logarithm.
    private static final double ERROR_FLOOR = 1e-12;

    private final int layer;
    private final SublayerKind kind;
    private final Moments pairs;
    private final Moments logErrors;
    private final double[] y;
    private final double[] logError = new double[1];
    private final FloatRows scores = new FloatRows();
    private LowRank map;
    private float[] gate = new float[0];
    private double gateOffset;
    private double errorSum;
    private double spreadSum;

    SublayerFit(int layer, SublayerKind kind, int hidden) {
        this.layer = layer;
        this.kind = kind;
        pairs = new Moments(hidden, hidden);
        logErrors = new Moments(hidden, 1);
        y = new double[hidden];
        map = LowRank.zero(hidden);
    }

    /// Pass 1.
    void addPairs(Matrix in, Matrix out) {
        for (int row = 0; row < in.rows(); row++) {
            for (int i = 0; i < y.length; i++) {
                y[i] = out.f32(row, i);
            }
            pairs.add(in, row, y);
        }
    }

    void fitMap(CalibrationSettings settings) {
        map = ReducedRank.fit(pairs, settings.ridge(), Math.min(settings.rank(), y.length));
    }

    /// Pass 2.
    void addErrors(Matrix in, Matrix out) {
        for (int row = 0; row < in.rows(); row++) {
            map.apply(in, row, y);
            double error = 0;
            for (int i = 0; i < y.length; i++) {
                double missed = out.f32(row, i) - y[i];
                double away = out.f32(row, i) - pairs.yMean(i);
                error += missed * missed;
                spreadSum += away * away;
            }
            errorSum += error;
            logError[0] = Math.log(error + ERROR_FLOOR);
            logErrors.add(in, row, logError);
        }
    }

    void fitGate(CalibrationSettings settings) {
        double[][] w = ReducedRank.ridge(logErrors, settings.ridge());
        gate = new float[w.length];
        gateOffset = logErrors.yMean(0);
        for (int i = 0; i < gate.length; i++) {
            gate[i] = (float) w[i][0];
            gateOffset -= gate[i] * logErrors.xMean(i);
        }
    }

    /// Pass 3.
    void addScores(Matrix in) {
        for (int row = 0; row < in.rows(); row++) {
            double score = 0;
            for (int i = 0; i < gate.length; i++) {
                score += (double) gate[i] * in.f32(row, i);
            }
            scores.add((float) score);
        }
    }

    int layer() { return layer; }

    /// Share of the held-out rows' variance that the map explains; negative when it harms.
    double r2() { return 1 - errorSum / spreadSum; }

    /// The logarithm of the squared error expected of a row is its score plus this.
    double gateOffset() { return gateOffset; }

    /// Of pass 3, in the order of the rows.
    float[] scores() { return scores.toArray(); }

    /// The forecast of the rows with a score below `threshold`.
    Forecast forecast(double threshold) {
        return new Forecast(layer, kind, gate, (float) threshold, map);
    }
}
