package dev.sluice.router;

import dev.sluice.kernels.RouterSpec;
import java.util.Arrays;

/// What one layer's experts were given. Engine thread only; nothing here allocates after the
/// constructor but [#snapshot].
final class LayerTally {
    private final int layer;
    private final RouterSpec spec;
    private final long[] total;
    private final long[] batch;
    private final PairCounts together;
    private final boolean pairs;
    private double violationSum;
    private double violationLast;
    private long batches;

    /// @param pairs  whether experts of one token are counted in pairs
    LayerTally(int layer, RouterSpec spec, boolean pairs) {
        this.layer = layer;
        this.spec = spec;
        this.pairs = pairs;
        total = new long[spec.experts()];
        batch = new long[spec.experts()];
        int size = pairs ? spec.experts() : 0;
        together = new PairCounts(size, size);
    }

    int layer() { return layer; }

    RouterSpec spec() { return spec; }

    PairCounts together() { return together; }

    /// Counts the first `count` of `expertIds`.
    void add(int[] expertIds, int count) {
        for (int i = 0; i < count; i++) {
            batch[expertIds[i]]++;
        }
    }

    void add(int expert, int visits) {
        batch[expert] += visits;
    }

    /// Counts the pairs within a row of topK ids at `from`: the lower id is the row.
    void addTogether(int[] expertIds, int from) {
        if (!pairs) {
            return;
        }
        for (int i = from; i < from + spec.topK(); i++) {
            for (int j = i + 1; j < from + spec.topK(); j++) {
                together.add(Math.min(expertIds[i], expertIds[j]),
                        Math.max(expertIds[i], expertIds[j]));
            }
        }
    }

    /// The batch is complete: its MaxVio counts, and the next one begins.
    void closeBatch() {
        violationLast = LoadMeasures.maxViolation(batch);
        violationSum += violationLast;
        batches++;
        for (int e = 0; e < batch.length; e++) {
            total[e] += batch[e];
        }
        Arrays.fill(batch, 0);
    }

    ExpertSnapshot.Layer snapshot() {
        long[] counts = total.clone();
        for (int e = 0; e < counts.length; e++) {
            counts[e] += batch[e];
        }
        return new ExpertSnapshot.Layer(layer, spec, counts, batches,
                batches == 0 ? 0 : violationSum / batches, violationLast);
    }
}
