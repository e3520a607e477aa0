package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import java.util.Arrays;
import java.util.List;

/// One layer's experts behind an [ExpertCache]. Engine thread only.
final class CachedExperts implements ExpertDispatch {
    /// A prediction may push out at most one in so many slots.
    private static final int SLOTS_PER_PREDICTION = 4;

    private ExpertPool pool;
    private int layerOfPool;
    private ExpertStore.Layer layer;
    private ExpertWeights weights;
    private Scratch scratch;
    private CachedExperts next = this;
    private int[] ranked = {};

    /// What the layers of a model share for the time of one call.
    static final class Scratch {
        private final ExpertCacheCounters counters;
        private final AffinityPredictor predictor;
        private final int[] ids;
        private final int[] distinct;
        private final boolean[] chosen;
        private final float[] scores;
        private final RowBuffer pairRows;

        Scratch(Kernels kernels, List<ExpertStore.Layer> layers, List<ExpertWeights> stored,
                AffinityPredictor predictor, ExpertCacheCounters counters) {
            int experts = 0;
            int pairs = 0;
            for (int i = 0; i < layers.size(); i++) {
                ExpertStore.Layer layer = layers.get(i);
                experts = Math.max(experts, stored.get(i).experts());
                pairs = Math.max(pairs, layer.topK() * layer.maxRows());
            }
            int cols = stored.getFirst().gate().getFirst().cols();
            this.counters = counters;
            this.predictor = predictor;
            ids = new int[pairs];
            distinct = new int[experts];
            chosen = new boolean[experts];
            scores = new float[experts];
            pairRows = new RowBuffer(kernels, DType.F32, pairs, cols);
        }

        /// The different experts of the first `pairs` ids, ascending; how many they are.
        private int distinct(int pairs) {
            Arrays.fill(chosen, false);
            for (int i = 0; i < pairs; i++) {
                chosen[ids[i]] = true;
            }
            int count = 0;
            for (int e = 0; e < chosen.length; e++) {
                if (chosen[e]) {
                    distinct[count++] = e;
                }
            }
            return count;
        }
    }

    /// Called once the slots are there.
    ///
    /// @param newWeights  over the pool's slots, with a movable table of this layer's own
    void open(ExpertPool newPool, int newLayerOfPool, ExpertStore.Layer newLayer,
            ExpertWeights newWeights, Scratch newScratch) {
        pool = newPool;
        layerOfPool = newLayerOfPool;
        layer = newLayer;
        weights = newWeights;
        scratch = newScratch;
        ranked = new int[Math.max(1, pool.size() / SLOTS_PER_PREDICTION)];
    }

    /// `newNext` is the next layer with experts.
    void before(CachedExperts newNext) {
        next = newNext;
    }

    @Override
    public void forward(Kernels kernels, Matrix x, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        int pairs = expertIds.rows() * expertIds.cols();
        kernels.read(expertIds, Matrix.host(scratch.ids, pairs, 1)
                .reshape(expertIds.rows(), expertIds.cols()));
        int count = scratch.distinct(pairs);
        int acquired = pool.acquire(layerOfPool, scratch.distinct, 0, count, weights.table());
        predict(expertIds, count);
        if (acquired == count) {
            kernels.expertFfn(x, weights, expertIds, expertWeights, out);
            pool.release(weights.table());
            return;
        }
        Matrix rows = scratch.pairRows.rows(pairs);
        for (int from = 0;;) {
            kernels.expertRows(x, weights, expertIds, rows);
            pool.release(weights.table());
            from += acquired;
            if (from == count) {
                break;
            }
            scratch.counters.waves.incrementAndGet();
            acquired = pool.acquire(layerOfPool, scratch.distinct, from, count, weights.table());
        }
        kernels.combineExperts(rows, expertWeights, out);
    }

    /// Has the next layer's likeliest experts fetched while this layer computes.
    private void predict(Matrix expertIds, int count) {
        if (next != this) {
            int known = scratch.predictor.rank(layer.layer(), scratch.ids,
                    expertIds.rows() * expertIds.cols(), scratch.scores, next.ranked);
            next.pool.prefetch(next.layerOfPool, next.ranked, Math.min(known, count));
        }
    }
}
