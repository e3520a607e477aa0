package dev.sluice.router;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Experts of a model that is larger than the fast tier: as many as a byte budget holds are kept
/// in slots, in the form that the backend multiplies; the others stay in the mapped file, whose
/// pages the system may drop. The fast tier is whatever [Kernels#allocateWeight] allocates: RAM
/// for a CPU, device memory for a GPU.
///
/// A layer's chosen experts are read back, pinned in slots (and loaded where they are not there)
/// and multiplied. When a step needs more experts than there are slots, it runs in waves: each
/// wave computes its pairs' rows, and the rows are summed at the end in the order of slots, so
/// that budget, policy and what happened before change no bit of the output.
///
/// Layers whose experts have the same types and shapes share slots. One thread beside the engine
/// loads, see [ExpertFetcher]. All else belongs to the engine thread, but [#statistics].
public final class ExpertCache implements ExpertStore {
    private final long bytesMax;
    private final ExpertCachePolicy policy;
    private final AffinityPredictor predictor;
    private final List<Added> added = new ArrayList<>();
    private final ExpertCacheCounters counters = new ExpertCacheCounters();
    private final List<ExpertFetcher> fetchers = new ArrayList<>();
    private volatile int slotCount;
    private volatile long slotBytes;

    private record Added(Kernels kernels, Layer layer, ExpertWeights stored,
            CachedExperts dispatch) {
        long expertBytes() {
            return bytes(stored.gate()) + bytes(stored.up()) + bytes(stored.down());
        }

        private long bytes(List<Matrix> weights) {
            Matrix m = weights.getFirst();
            return kernels.weightBytes(m.dtype(), m.rows(), m.cols());
        }
    }

    /// What two layers must have in common to share slots.
    private record Shape(DType gate, DType up, DType down, int hidden, int cols) {
        static Shape of(ExpertWeights w) {
            return new Shape(w.gate().getFirst().dtype(), w.up().getFirst().dtype(),
                    w.down().getFirst().dtype(), w.hidden(), w.gate().getFirst().cols());
        }
    }

    /// @param bytesMax  what the slots may take together
    /// @param predictor  asked on the engine thread by [ExpertCachePolicy#AFFINITY]
    public ExpertCache(long bytesMax, ExpertCachePolicy policy, AffinityPredictor predictor) {
        this.bytesMax = bytesMax;
        this.policy = policy;
        this.predictor = switch (policy) {
            case LRU, LFU -> AffinityPredictor.none();
            case AFFINITY -> predictor;
        };
    }

    @Override
    public ExpertDispatch add(Kernels kernels, Layer layer, ExpertWeights stored) {
        var dispatch = new CachedExperts();
        added.add(new Added(kernels, layer, stored, dispatch));
        return dispatch;
    }

    /// Divides the budget and allocates the slots. Throws [ExpertBudgetException] when a token's
    /// experts and one more would not fit.
    @Override
    public void ready() {
        if (added.isEmpty()) {
            return;
        }
        var shapes = new LinkedHashMap<Shape, List<Added>>();
        for (Added layer : added) {
            shapes.computeIfAbsent(Shape.of(layer.stored), _ -> new ArrayList<>()).add(layer);
        }
        Map<Shape, Integer> slots = divide(shapes);
        var layers = new ArrayList<Layer>();
        for (Added layer : added) {
            layers.add(layer.layer);
        }
        var scratch = new CachedExperts.Scratch(added.getFirst().kernels, layers, stored(added),
                predictor, counters);
        for (Map.Entry<Shape, List<Added>> shape : shapes.entrySet()) {
            fill(shape.getValue(), slots.get(shape.getKey()), scratch);
        }
        for (int i = 0; i + 1 < added.size(); i++) {
            added.get(i).dispatch.before(added.get(i + 1).dispatch);
        }
        added.clear();
    }

    /// Slots of each shape: one token's experts and one more (which may be on its way), and what
    /// is left of the budget in proportion to what there is to hold.
    private Map<Shape, Integer> divide(Map<Shape, List<Added>> shapes) {
        long least = 0;
        long wanted = 0;
        for (List<Added> layers : shapes.values()) {
            long bytes = layers.getFirst().expertBytes();
            least += bytes * leastSlots(layers);
            wanted += bytes * (experts(layers) - leastSlots(layers));
        }
        if (least > bytesMax) {
            throw new ExpertBudgetException(("an expert memory of %,d bytes is too small: a "
                    + "token's experts of one layer and one more take %,d bytes, all of the "
                    + "model's %,d")
                    .formatted(bytesMax, least, least + wanted));
        }
        double share = wanted == 0 ? 0 : Math.min(1, (double) (bytesMax - least) / wanted);
        var slots = new LinkedHashMap<Shape, Integer>();
        shapes.forEach((shape, layers) -> slots.put(shape, leastSlots(layers)
                + (int) (share * (experts(layers) - leastSlots(layers)))));
        return slots;
    }

    private static int leastSlots(List<Added> layers) {
        int topK = 0;
        for (Added layer : layers) {
            topK = Math.max(topK, layer.layer.topK());
        }
        return Math.min(topK + 1, experts(layers));
    }

    private static int experts(List<Added> layers) {
        int experts = 0;
        for (Added layer : layers) {
            experts += layer.stored.experts();
        }
        return experts;
    }

    private static List<ExpertWeights> stored(List<Added> layers) {
        var stored = new ArrayList<ExpertWeights>();
        for (Added layer : layers) {
            stored.add(layer.stored);
        }
        return stored;
    }

    private void fill(List<Added> layers, int count, CachedExperts.Scratch scratch) {
        Kernels kernels = layers.getFirst().kernels;
        ExpertWeights model = layers.getFirst().stored;
        var slots = new ArrayList<ExpertSlot>(count);
        var gate = new ArrayList<Matrix>(count);
        var up = new ArrayList<Matrix>(count);
        var down = new ArrayList<Matrix>(count);
        for (int i = 0; i < count; i++) {
            gate.add(room(kernels, model.gate()));
            up.add(room(kernels, model.up()));
            down.add(room(kernels, model.down()));
            slots.add(new ExpertSlot(i, gate.get(i), up.get(i), down.get(i)));
        }
        var fetcher = new ExpertFetcher(kernels.weightLoader(), count);
        fetchers.add(fetcher);
        var pool = new ExpertPool(slots, stored(layers), policy, fetcher, kernels.weightLoader(),
                counters);
        for (int i = 0; i < layers.size(); i++) {
            Added layer = layers.get(i);
            ExpertWeights s = layer.stored;
            layer.dispatch.open(pool, i, layer.layer, new ExpertWeights(gate, up, down,
                    s.gateBias(), s.upBias(), s.downBias(), s.activation(),
                    ExpertTable.movable(s.experts(), count)), scratch);
        }
        slotCount += count;
        slotBytes += count * layers.getFirst().expertBytes();
    }

    private static Matrix room(Kernels kernels, List<Matrix> weights) {
        Matrix m = weights.getFirst();
        return kernels.allocateWeight(m.dtype(), m.rows(), m.cols());
    }

    /// Any thread.
    public ExpertCacheStatistics statistics() {
        return counters.snapshot(slotCount, slotBytes);
    }

    @Override
    public void close() {
        fetchers.forEach(ExpertFetcher::close);
    }
}
