package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowBuffer;

/// The bias of one layer while it is moved: the file's, the one in force, a candidate, and the
/// logits of the latest rows, by which a candidate is judged. Engine thread only.
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
    /// Rows of `sample` in use, the place of the next one, and how many came since the last change.
    private int sampled;
    private int next;
    private int fresh;
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

    /// Queues: counts the step's choices, and keeps the logits of its last rows over the oldest.
    void watch(Kernels kernels, Matrix logits, Matrix expertIds) {
        kernels.countExperts(expertIds, counters);
        int first = Math.max(0, logits.rows() - sample.rows());
        for (int row = first; row < logits.rows();) {
            int count = Math.min(logits.rows() - row, sample.rows() - next);
            kernels.copyColumns(count == logits.rows() ? logits : logits.rows(row, count), 0,
                    sample.rows(next, count), 0, spec.experts());
            row += count;
            next = (next + count) % sample.rows();
            sampled = Math.min(sample.rows(), sampled + count);
            fresh = Math.min(sample.rows(), fresh + count);
        }
    }

    /// Measures what the bias in force has changed, lets the controller take its step, and puts
    /// as much of the result in force as the limits allow.
    void adjust(Kernels kernels) {
        if (fresh == 0) {
            return;
        }
        route(kernels, storedBias, usual);
        route(kernels, biasInForce, changed);
        int different = different(fresh);
        judged += fresh * spec.topK();
        differing += different;
        shareLast = (double) different / (fresh * spec.topK());
        shareMax = Math.max(shareMax, shareLast);
        kernels.read(counters, nowView);
        for (int e = 0; e < now.length; e++) {
            counts[e] = now[e] - seen[e];
            seen[e] = now[e];
        }
        controller.afterBatch(counts);
        controller.clamp(limits.driftMax());
        for (int halving = 0; !acceptable(kernels); halving++) {
            controller.shrink(halving < HALVINGS ? 0.5 : 0);
        }
        kernels.write(sumView, biasInForce);
        fresh = 0;
    }

    /// Whether the controller's bias, which is written to `sum`, keeps the share of changed
    /// selections below the limit for the rows to come: what the sampled rows show, and two
    /// standard deviations of a count on top, because the controller has seen these rows. The
    /// file's own bias always is.
    private boolean acceptable(Kernels kernels) {
        for (int e = 0; e < stored.length; e++) {
            sum[e] = (float) (stored[e] + controller.bias(e));
        }
        kernels.write(sumView, candidate);
        route(kernels, candidate, changed);
        int different = different(sampled);
        double expected = different + 2 * Math.sqrt(different + 1);
        return expected <= limits.changedShareMax() * changed.count() || drift() == 0;
    }

    private void route(Kernels kernels, Matrix bias, HostIds to) {
        Matrix out = ids.rows(sampled);
        kernels.routeTopK(spec, sample.rows(0, sampled), bias, out, weights.rows(sampled));
        to.read(kernels, out);
    }

    /// How many of the `rows` latest rows' selections in `changed` are of an expert that the
    /// file's bias would not have chosen for that token.
    private int different(int rows) {
        int topK = spec.topK();
        int different = 0;
        for (int i = 1; i <= rows; i++) {
            int from = Math.floorMod(next - i, sample.rows()) * topK;
            for (int j = from; j < from + topK; j++) {
                if (!contains(usual.values(), from, from + topK, changed.values()[j])) {
                    different++;
                }
            }
        }
        return different;
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
