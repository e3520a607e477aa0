package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// What is learned about one sublayer: the map, the gate, and how well both do on rows that they
/// were not fitted to. One thread.
final class SublayerFit {
    /// Nats that no one notices, so that a perfect forecast has a finite logarithm.
    private static final double HARM_FLOOR = 1e-7;

    private final int layer;
    private final SublayerKind kind;
    private final double[] y;
    private final double[] logHarm = new double[1];
    private Moments pairs;
    private Moments harms;
    private LowRank map;
    private float[] gate;
    private FloatRows errors = new FloatRows();
    private FloatRows energies = new FloatRows();
    private FloatRows heldOutHarms = new FloatRows();
    private FloatRows scores = new FloatRows();

    SublayerFit(int layer, SublayerKind kind, int hidden) {
        this.layer = layer;
        this.kind = kind;
        pairs = new Moments(hidden, hidden);
        harms = new Moments(hidden, 1);
        y = new double[hidden];
        map = LowRank.zero(hidden);
        gate = new float[hidden];
    }

    /// Adds rows to fit the map to: those that the gate would forecast at `threshold`.
    void addPairs(Matrix in, Matrix out, double threshold) {
        for (int row = 0; row < in.rows(); row++) {
            if (score(in, row) < threshold) {
                for (int i = 0; i < y.length; i++) {
                    y[i] = out.f32(row, i);
                }
                pairs.add(in, row, y);
            }
        }
    }

    long pairCount() { return pairs.count(); }

    void fitMap(CalibrationSettings settings) {
        map = ReducedRank.fit(pairs, settings.ridge(), Math.min(settings.rank(), y.length));
        pairs = new Moments(y.length, y.length);
    }

    /// Adds a row to fit the gate to: `harm` nats are what its forecast did to the output.
    void addHarm(Matrix in, int row, double harm) {
        logHarm[0] = Math.log(harm + HARM_FLOOR);
        harms.add(in, row, logHarm);
    }

    void fitGate(CalibrationSettings settings) {
        double[][] w = ReducedRank.ridge(harms, settings.ridge());
        for (int i = 0; i < gate.length; i++) {
            gate[i] = (float) w[i][0];
        }
        harms = new Moments(y.length, 1);
    }

    /// Adds a held-out row: its error, its score and what its forecast did.
    void addHeldOut(Matrix in, Matrix out, int row, double harm) {
        map.apply(in, row, y);
        double error = 0;
        double energy = 0;
        for (int i = 0; i < y.length; i++) {
            double missed = out.f32(row, i) - y[i];
            error += missed * missed;
            energy += out.f32(row, i) * out.f32(row, i);
        }
        errors.add((float) error);
        energies.add((float) energy);
        scores.add((float) score(in, row));
        heldOutHarms.add((float) harm);
    }

    void forgetHeldOut() {
        scores = new FloatRows();
        errors = new FloatRows();
        energies = new FloatRows();
        heldOutHarms = new FloatRows();
    }

    private double score(Matrix in, int row) {
        double score = 0;
        for (int i = 0; i < gate.length; i++) {
            score += (double) gate[i] * in.f32(row, i);
        }
        return score;
    }

    int layer() { return layer; }

    /// Share of the energy of held-out rows below `threshold` that the map explains: 0 is what
    /// dropping them explains, and what a sublayer without such rows has.
    double r2(double threshold) {
        float[] all = scores.toArray();
        float[] missed = errors.toArray();
        float[] whole = energies.toArray();
        double errorSum = 0;
        double energySum = 0;
        for (int row = 0; row < all.length; row++) {
            if (all[row] < threshold) {
                errorSum += missed[row];
                energySum += whole[row];
            }
        }
        return energySum > 0 ? 1 - errorSum / energySum : 0;
    }

    /// Of the held-out rows.
    HarmCurve curve() {
        return HarmCurve.of(scores.toArray(), heldOutHarms.toArray());
    }

    int heldOutRows() { return scores.toArray().length; }

    /// The forecast of the rows with a score below `threshold`.
    Forecast forecast(double threshold) {
        return new Forecast(layer, kind, gate, (float) threshold, map);
    }
}
