package dev.sluice.router;

import java.util.List;

/// The affinity of neighbouring expert layers, as counted so far: element i of `pairs` leads from
/// expert layer i to expert layer i + 1, whose transformer layers are layers[i] and layers[i + 1].
/// Immutable, any thread, also as a predictor.
public final class ExpertAffinity implements AffinityPredictor {
    private final int[] layers;
    private final List<PairCounts> pairs;

    /// @param layers  transformer layers with experts, ascending
    /// @param pairs   one fewer than layers, or none at all when nothing was counted; not written
    ///                from here on
    public ExpertAffinity(int[] layers, List<PairCounts> pairs) {
        if (!pairs.isEmpty() && pairs.size() != layers.length - 1) {
            throw new IllegalArgumentException("%d layers, %d pairs of them"
                    .formatted(layers.length, pairs.size()));
        }
        this.layers = layers.clone();
        this.pairs = List.copyOf(pairs);
    }

    /// Counts of (expert of expert layer i, expert of expert layer i + 1), in order.
    public List<PairCounts> pairs() { return pairs; }

    /// Transformer layers with experts.
    public int[] layers() { return layers.clone(); }

    @Override
    public int rank(int layer, int[] experts, int count, float[] scores, int[] ranked) {
        for (int i = 0; i < pairs.size(); i++) {
            if (layers[i] == layer) {
                return pairs.get(i).rank(experts, count, scores, ranked);
            }
        }
        return 0;
    }
}
