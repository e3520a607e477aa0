package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowBuffer;

/// The bias of one layer while it is moved: the file's, the one in force, a candidate, and the
/// logits of the rows since the last change, by which a candidate is judged. Engine thread only.
final class OnlineLayer {
    /// A candidate that changes too much is halved so often before the stored bias comes back.
    private static final int HALVINGS = 8;

    private final RouterSpec spec;
    private final OnlineBalancing.Limits limits;
    private final BiasController controller;
    private final float[] stored;
    private final float[] sum;
    private final Matrix sumView;
    private final Matrix storedBias;
    private final Matrix biasInForce;
    private final Matrix candidate;
    private final Matrix counters;
    private final Matrix sample;
    private final RowBuffer ids;
    private final RowBuffer weights;
    private final HostIds usual = new HostIds();
    private final HostIds changed = new HostIds();
    private final int[] seen;
    private final int[] now;
    private final Matrix nowView;
    private final long[] counts;
    private int sampled;
    private long judged;
    private long differing;
    private double shareLast;
    private double shareMax;

    OnlineLayer(Kernels kernels, RouterSpec spec, Matrix file, OnlineBalancing.Limits limits,
            BiasController.Settings settings) {
        this.spec = spec;
        this.limits = limits;
        int experts = spec.experts();
        controller = new BiasController(experts, settings);
        stored = new float[experts];
        sum = new float[experts];
        sumView = Matrix.host(sum, 1, experts);
        if (file.rows() > 0) {
            kernels.read(file, Matrix.host(stored, 1, experts));
        }
        storedBias = kernels.allocate(DType.F32, 1, experts);
        biasInForce = kernels.allocate(DType.F32, 1, experts);
        candidate = kernels.allocate(DType.F32, 1, experts);
        kernels.write(Matrix.host(stored, 1, experts), storedBias);
        kernels.write(Matrix.host(stored, 1, experts), biasInForce);
        counters = kernels.allocate(DType.I32, 1, experts);
        sample = kernels.allocate(DType.F32, limits.sampleRows(), experts);
        ids = new RowBuffer(kernels, DType.I32, limits.sampleRows(), spec.topK());
        weights = new RowBuffer(kernels, DType.F32, limits.sampleRows(), spec.topK());
        seen = new int[experts];
        now = new int[experts];
        nowView = Matrix.host(now, 1, experts);
        counts = new long[experts];
    }

    Matrix biasInForce() { return biasInForce; }

    /// Queues: counts the step's choices, and keeps its logits as far as there is room.
    void watch(Kernels kernels, Matrix logits, Matrix expertIds) {
        kernels.countExperts(expertIds, counters);
        int kept = Math.min(logits.rows(), sample.rows() - sampled);
        if (kept > 0) {
            kernels.copyColumns(kept == logits.rows() ? logits : logits.rows(0, kept), 0,
                    sample.rows(sampled, kept), 0, spec.experts());
            sampled += kept;
        }
    }

    /// Measures what the bias in force has changed, lets the controller take its step, and puts
    /// as much of the result in force as the limits allow.
    void adjust(Kernels kernels) {
        if (sampled == 0) {
            return;
        }
        route(kernels, storedBias, usual);
        shareLast = shareChanged(kernels, biasInForce);
        shareMax = Math.max(shareMax, shareLast);
        judged += usual.count();
        differing += Math.round(shareLast * usual.count());
        kernels.read(counters, nowView);
        for (int e = 0; e < now.length; e++) {
            counts[e] = now[e] - seen[e];
            seen[e] = now[e];
        }
        controller.afterBatch(counts);
        controller.clamp(limits.driftMax());
        for (int halving = 0; halving <= HALVINGS; halving++) {
            addBias();
            kernels.write(sumView, candidate);
            if (shareChanged(kernels, candidate) <= limits.changedShareMax()) {
                break;
            }
            controller.shrink(halving < HALVINGS ? 0.5 : 0);
        }
        addBias();
        kernels.write(sumView, biasInForce);
        sampled = 0;
    }

    private void addBias() {
        for (int e = 0; e < stored.length; e++) {
            sum[e] = (float) (stored[e] + controller.bias(e));
        }
    }

    private void route(Kernels kernels, Matrix bias, HostIds to) {
        Matrix out = ids.rows(sampled);
        kernels.routeTopK(spec, sample.rows(0, sampled), bias, out, weights.rows(sampled));
        to.read(kernels, out);
    }

    /// Share of the sampled selections that `bias` gives to an expert which the file's bias would
    /// not have chosen for that token.
    private double shareChanged(Kernels kernels, Matrix bias) {
        route(kernels, bias, changed);
        int topK = spec.topK();
        int other = 0;
        for (int i = 0; i < changed.count(); i++) {
            int from = i - i % topK;
            if (!contains(usual.values(), from, from + topK, changed.values()[i])) {
                other++;
            }
        }
        return (double) other / changed.count();
    }

    private static boolean contains(int[] values, int from, int to, int value) {
        for (int i = from; i < to; i++) {
            if (values[i] == value) {
                return true;
            }
        }
        return false;
    }

    /// max|b - b0| in force.
    double drift() {
        double most = 0;
        for (int e = 0; e < controller.targets(); e++) {
            most = Math.max(most, Math.abs(controller.bias(e)));
        }
        return most;
    }

    long judged() { return judged; }

    long differing() { return differing; }

    double shareLast() { return shareLast; }

    double shareMax() { return shareMax; }
}
