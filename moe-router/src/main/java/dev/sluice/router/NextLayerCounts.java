package dev.sluice.router;

import java.util.Arrays;

/// Predicts the next layer's experts by counting, while a model runs, which experts of a layer
/// follow which of the layer before for the same token. Counts start at nothing; 4 E^2 bytes a
/// layer. Engine thread only.
final class NextLayerCounts implements AffinityPredictor {
    /// Rows of a step that are counted: a prompt's rows say much the same.
    private static final int ROWS_MAX = 64;

    private final int experts;
    private final int[] layerBefore;
    private final int[] layerAfter;
    /// [layer]: visits of [p][q], expert q of the next expert layer after expert p of this one.
    private final int[][] counts;
    private int[] before = {};
    private int rowsBefore;
    private int beforeLayer;

    /// @param layers  transformer layers with experts, ascending
    NextLayerCounts(int experts, int[] layers) {
        this.experts = experts;
        int last = layers[layers.length - 1];
        layerBefore = new int[last + 1];
        layerAfter = new int[last + 1];
        counts = new int[last + 1][];
        Arrays.fill(layerBefore, last);
        Arrays.fill(layerAfter, last);
        for (int i = 0; i + 1 < layers.length; i++) {
            layerAfter[layers[i]] = layers[i + 1];
            layerBefore[layers[i + 1]] = layers[i];
            counts[layers[i]] = new int[experts * experts];
        }
    }

    /// Experts `ids` [rows, topK] of a layer; layers of a step come in ascending order.
    void record(int layer, int[] ids, int rows, int topK) {
        int counted = Math.min(rows, ROWS_MAX);
        if (beforeLayer == layerBefore[layer] && beforeLayer < layer && rowsBefore == rows) {
            int[] matrix = counts[beforeLayer];
            for (int t = 0; t < counted; t++) {
                for (int i = t * topK; i < (t + 1) * topK; i++) {
                    for (int j = t * topK; j < (t + 1) * topK; j++) {
                        matrix[before[i] * experts + ids[j]]++;
                    }
                }
            }
        }
        if (before.length < counted * topK) {
            before = new int[counted * topK];
        }
        System.arraycopy(ids, 0, before, 0, counted * topK);
        rowsBefore = rows;
        beforeLayer = layer;
    }

    @Override
    public int rank(int layer, int[] chosen, int count, float[] scores, int[] ranked) {
        int[] matrix = counts[layer];
        if (layerAfter[layer] <= layer || matrix == null) {
            return 0;
        }
        Arrays.fill(scores, 0, experts, 0f);
        for (int i = 0; i < count; i++) {
            int from = chosen[i] * experts;
            long visits = 0;
            for (int q = 0; q < experts; q++) {
                visits += matrix[from + q];
            }
            for (int q = 0; q < experts && visits > 0; q++) {
                scores[q] += (float) matrix[from + q] / visits;
            }
        }
        int written = 0;
        while (written < Math.min(ranked.length, experts)) {
            int best = 0;
            for (int q = 1; q < experts; q++) {
                best = scores[q] > scores[best] ? q : best;
            }
            if (!(scores[best] > 0)) {
                break;
            }
            scores[best] = 0;
            ranked[written++] = best;
        }
        return written;
    }
}
