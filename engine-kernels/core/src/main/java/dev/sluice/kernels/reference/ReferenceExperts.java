package dev.sluice.kernels.reference;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;

/// Routing and the experts' feed-forward layers of the oracle. Stateless.
final class ReferenceExperts {
    private ReferenceExperts() { }

    // ---- routing ------------------------------------------------------------------------

    /// The steps of [RouterSpec], in its order.
    static void routeTopK(RouterSpec spec, Matrix logits, Matrix correctionBias, Matrix expertIds,
            Matrix expertWeights) {
        for (int t = 0; t < logits.rows(); t++) {
            double[] scores = scores(spec, logits, t);
            double[] selection = scores.clone();
            for (int e = 0; e < selection.length && correctionBias.rows() != 0; e++) {
                selection[e] += correctionBias.f32(0, e);
            }
            dropGroups(spec, selection);
            int[] kept = largest(selection, spec.topK());
            double[] weights = new double[spec.topK()];
            for (int k = 0; k < kept.length; k++) {
                expertIds.i32(t, k, kept[k]);
                weights[k] = scores[kept[k]];
            }
            if (spec.scoring() == RouterSpec.Scoring.SOFTMAX_KEPT) {
                softmax(weights);
            }
            double sum = spec.normalize() ? sum(weights) + 1e-20 : 1;
            for (int k = 0; k < kept.length; k++) {
                expertWeights.f32(t, k, (float) (weights[k] / sum * spec.scale()));
            }
        }
    }

    private static double[] scores(RouterSpec spec, Matrix logits, int t) {
        double[] scores = new double[spec.experts()];
        for (int e = 0; e < scores.length; e++) {
            scores[e] = logits.f32(t, e);
        }
        switch (spec.scoring()) {
            case SOFTMAX_ALL -> softmax(scores);
            case SOFTMAX_KEPT -> { }
            case SIGMOID -> {
                for (int e = 0; e < scores.length; e++) {
                    scores[e] = sigmoid(scores[e]);
                }
            }
        }
        return scores;
    }

    /// Minus infinity for the experts of all but the `groupsKept` best groups.
    private static void dropGroups(RouterSpec spec, double[] selection) {
        if (spec.groupsKept() == spec.groups()) {
            return;
        }
        int size = spec.experts() / spec.groups();
        double[] groupScores = new double[spec.groups()];
        for (int g = 0; g < groupScores.length; g++) {
            double[] group = new double[size];
            System.arraycopy(selection, g * size, group, 0, size);
            int taken = switch (spec.groupRule()) {
                case BEST -> 1;
                case BEST_TWO -> Math.min(2, size);
            };
            for (int e : largest(group, taken)) {
                groupScores[g] += group[e];
            }
        }
        boolean[] keep = new boolean[groupScores.length];
        for (int g : largest(groupScores, spec.groupsKept())) {
            keep[g] = true;
        }
        for (int e = 0; e < selection.length; e++) {
            if (!keep[e / size]) {
                selection[e] = Double.NEGATIVE_INFINITY;
            }
        }
    }

    /// Indices of the `count` largest, the largest first; of equals the lower index first.
    private static int[] largest(double[] values, int count) {
        boolean[] taken = new boolean[values.length];
        int[] indices = new int[count];
        for (int k = 0; k < count; k++) {
            int best = -1;
            for (int i = 0; i < values.length; i++) {
                if (!taken[i] && (best < 0 || values[i] > values[best])) {
                    best = i;
                }
            }
            taken[best] = true;
            indices[k] = best;
        }
        return indices;
    }

    private static void softmax(double[] values) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            max = Math.max(max, value);
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.exp(values[i] - max);
        }
        double sum = sum(values);
        for (int i = 0; i < values.length; i++) {
            values[i] /= sum;
        }
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    // ---- feed-forward -------------------------------------------------------------------

    /// Row t*K+k of out = ffn of expert expertIds[t,k], where it is present. Rounded to float: an
    /// expert's output is a row of a matrix here, as it is for every other backend.
    static void expertRows(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix out) {
        double[] input = new double[x.cols()];
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < input.length; c++) {
                input[c] = x.f32(t, c);
            }
            for (int k = 0; k < expertIds.cols(); k++) {
                int e = expertIds.i32(t, k);
                if (!experts.table().isPresent(e)) {
                    continue;
                }
                double[] y = ffn(experts, e, experts.table().place(e, t), input);
                for (int c = 0; c < y.length; c++) {
                    out.f32(t * expertIds.cols() + k, c, (float) y[c]);
                }
            }
        }
    }

    static void combine(Matrix rows, Matrix expertWeights, Matrix out) {
        int slots = expertWeights.cols();
        for (int t = 0; t < out.rows(); t++) {
            for (int c = 0; c < out.cols(); c++) {
                double sum = 0;
                for (int k = 0; k < slots; k++) {
                    sum += (double) expertWeights.f32(t, k) * rows.f32(t * slots + k, c);
                }
                out.f32(t, c, (float) sum);
            }
        }
    }

    static void expertFfn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights,
            Matrix out) {
        for (int t = 0; t < expertIds.rows(); t++) {
            for (int k = 0; k < expertIds.cols(); k++) {
                experts.table().place(expertIds.i32(t, k), t); // Absent: an error, not a zero.
            }
        }
        int pairs = expertIds.rows() * expertIds.cols();
        Matrix rows = Matrix.host(new float[pairs * x.cols()], pairs, x.cols());
        expertRows(x, experts, expertIds, rows);
        combine(rows, expertWeights, out);
    }

    /// Of expert `e`, whose weights are at `place`.
    private static double[] ffn(ExpertWeights experts, int e, int place, double[] x) {
        double[] gate = product(experts.gate().get(place), x, experts.gateBias(), e);
        double[] up = product(experts.up().get(place), x, experts.upBias(), e);
        double[] inner = new double[gate.length];
        for (int f = 0; f < inner.length; f++) {
            inner[f] = activate(experts.activation(), gate[f], up[f]);
        }
        return product(experts.down().get(place), inner, experts.downBias(), e);
    }

    /// weight [N,K] * x [K] + bias row e [N], where there are biases.
    private static double[] product(Matrix weight, double[] x, Matrix biases, int e) {
        float[] w = new float[weight.cols()];
        double[] y = new double[weight.rows()];
        for (int n = 0; n < y.length; n++) {
            Dequantiser.row(weight, n, w);
            for (int k = 0; k < w.length; k++) {
                y[n] += x[k] * w[k];
            }
            if (biases.rows() != 0) {
                y[n] += biases.f32(e, n);
            }
        }
        return y;
    }

    static double activate(Activation activation, double gate, double up) {
        return switch (activation) {
            case SILU -> gate * sigmoid(gate) * up;
            case GELU_TANH -> 0.5 * gate * (1 + Math.tanh(
                    Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate * gate * gate))) * up;
            case SWIGLU_CLAMPED -> {
                double g = Math.min(gate, 7);
                double u = Math.clamp(up, -7.0, 7.0);
                yield (u + 1) * g * sigmoid(1.702 * g);
            }
        };
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
