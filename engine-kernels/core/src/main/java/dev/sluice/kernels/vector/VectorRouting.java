package dev.sluice.kernels.vector;

import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import java.util.Arrays;

/// Router logits to expert ids and weights, in the order of steps of [RouterSpec]. Scores are
/// doubles and exponentials StrictMath's: with few experts it costs little, and neither rounding
/// nor compilation can turn a near tie around. Owns scratch; one instance per worker.
final class VectorRouting {
    private double[] scores = new double[0];
    private double[] selection = new double[0];
    private double[] groupScores = new double[0];
    private double[] weights = new double[0];
    private int[] kept = new int[0];
    private int[] keptGroups = new int[0];

    /// Rows from..to of expertIds [T,K] and expertWeights [T,K] from logits [T,E].
    void route(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights, int from, int to) {
        reserve(spec);
        for (int t = from; t < to; t++) {
            for (int e = 0; e < spec.experts(); e++) {
                scores[e] = logits.f32(t, e);
            }
            score(spec);
            for (int e = 0; e < spec.experts(); e++) {
                selection[e] = correctionBias.rows() == 0 ? scores[e]
                        : scores[e] + correctionBias.f32(0, e);
            }
            dropGroups(spec);
            largest(selection, 0, spec.experts(), spec.topK(), kept);
            weigh(spec);
            for (int k = 0; k < spec.topK(); k++) {
                expertIds.i32(t, k, kept[k]);
                expertWeights.f32(t, k, (float) weights[k]);
            }
        }
    }

    private void reserve(RouterSpec spec) {
        if (scores.length < spec.experts()) {
            scores = new double[spec.experts()];
            selection = new double[spec.experts()];
            groupScores = new double[spec.experts()];
            weights = new double[spec.experts()];
            kept = new int[spec.experts()];
            keptGroups = new int[spec.experts()];
        }
    }

    private void score(RouterSpec spec) {
        switch (spec.scoring()) {
            case SOFTMAX_ALL -> softmax(scores, spec.experts());
            case SOFTMAX_KEPT -> { }
            case SIGMOID -> {
                for (int e = 0; e < spec.experts(); e++) {
                    scores[e] = 1 / (1 + StrictMath.exp(-scores[e]));
                }
            }
        }
    }

    /// Minus infinity for the experts of all but the `groupsKept` best groups.
    private void dropGroups(RouterSpec spec) {
        if (spec.groupsKept() == spec.groups()) {
            return;
        }
        int size = spec.experts() / spec.groups();
        int taken = switch (spec.groupRule()) {
            case BEST -> 1;
            case BEST_TWO -> Math.min(2, size);
        };
        for (int g = 0; g < spec.groups(); g++) {
            largest(selection, g * size, (g + 1) * size, taken, kept);
            groupScores[g] = 0;
            for (int k = 0; k < taken; k++) {
                groupScores[g] += selection[kept[k]];
            }
        }
        largest(groupScores, 0, spec.groups(), spec.groupsKept(), keptGroups);
        for (int g = 0; g < spec.groups(); g++) {
            if (!contains(keptGroups, spec.groupsKept(), g)) {
                Arrays.fill(selection, g * size, (g + 1) * size, Double.NEGATIVE_INFINITY);
            }
        }
    }

    private void weigh(RouterSpec spec) {
        for (int k = 0; k < spec.topK(); k++) {
            weights[k] = scores[kept[k]];
        }
        if (spec.scoring() == RouterSpec.Scoring.SOFTMAX_KEPT) {
            softmax(weights, spec.topK());
        }
        double sum = 1;
        if (spec.normalize()) {
            sum = 0;
            for (int k = 0; k < spec.topK(); k++) {
                sum += weights[k];
            }
            sum += 1e-20;
        }
        for (int k = 0; k < spec.topK(); k++) {
            weights[k] = weights[k] / sum * spec.scale();
        }
    }

    /// Indices of the `count` largest of values[from..to), the largest first; of equals the lower
    /// index first.
    private static void largest(double[] values, int from, int to, int count, int[] indices) {
        int kept = 0;
        for (int i = from; i < to; i++) {
            double value = values[i];
            // Nearly always: with 256 experts some 30 are ever among the best eight.
            if (kept == count && !(value > values[indices[count - 1]])) {
                continue;
            }
            int at = kept < count ? kept++ : count - 1;
            while (at > 0 && value > values[indices[at - 1]]) {
                indices[at] = indices[at - 1];
                at--;
            }
            indices[at] = i;
        }
    }

    private static boolean contains(int[] indices, int count, int index) {
        for (int k = 0; k < count; k++) {
            if (indices[k] == index) {
                return true;
            }
        }
        return false;
    }

    private static void softmax(double[] values, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            max = Math.max(max, values[i]);
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            values[i] = StrictMath.exp(values[i] - max);
            sum += values[i];
        }
        for (int i = 0; i < count; i++) {
            values[i] /= sum;
        }
    }
}
