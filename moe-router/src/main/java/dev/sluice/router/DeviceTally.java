package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RowBuffer;

/// One layer's counts on a device whose memory the host can not read: counters that only grow,
/// and the experts of a few rows of the step. Both are queued operations on matrices that live as
/// long as the model, so a recorded step replays them. Engine thread only.
final class DeviceTally {
    /// Rows of a step whose experts are kept. They are the first: of a decode step with so many
    /// sequences all, of a prompt's chunk a few.
    static final int SAMPLE_ROWS = 8;

    private final RouterSpec spec;
    private final Matrix correctionBias;
    private final Matrix counters;
    private final RowBuffer sampleIds;
    private final RowBuffer sampleWeights;
    private final int[] seen;
    private final int[] now;
    private final Matrix nowView;
    private Matrix logits = Matrix.none(0);
    private Matrix sampleLogits = Matrix.none(0);

    DeviceTally(Kernels kernels, RouterSpec spec, Matrix correctionBias) {
        this.spec = spec;
        this.correctionBias = correctionBias;
        counters = kernels.allocate(DType.I32, 1, spec.experts());
        sampleIds = new RowBuffer(kernels, DType.I32, SAMPLE_ROWS, spec.topK());
        sampleWeights = new RowBuffer(kernels, DType.F32, SAMPLE_ROWS, spec.topK());
        seen = new int[spec.experts()];
        now = new int[spec.experts()];
        nowView = Matrix.host(now, 1, spec.experts());
    }

    /// Queues the counting. The sample is routed again from its logits, which gives the same ids:
    /// the step's own are overwritten by the next layer before anyone may read.
    void queue(Kernels kernels, Matrix stepLogits, Matrix expertIds) {
        kernels.countExperts(expertIds, counters);
        if (logits != stepLogits) {
            logits = stepLogits;
            sampleLogits = stepLogits.rows() <= SAMPLE_ROWS ? stepLogits
                    : stepLogits.rows(0, SAMPLE_ROWS);
        }
        kernels.routeTopK(spec, sampleLogits, correctionBias,
                sampleIds.rows(sampleLogits.rows()), sampleWeights.rows(sampleLogits.rows()));
    }

    /// Adds to `tally` what was counted since the last time. Counters are 32 bits and may wrap:
    /// the difference is right as long as fewer than 2^32 visits lie between.
    void drain(Kernels kernels, LayerTally tally) {
        kernels.read(counters, nowView);
        for (int e = 0; e < now.length; e++) {
            tally.add(e, now[e] - seen[e]);
            seen[e] = now[e];
        }
    }

    /// The experts of the last step's first rows.
    void sample(Kernels kernels, HostIds to) {
        to.read(kernels, sampleIds.rows(sampleLogits.rows()));
    }
}
