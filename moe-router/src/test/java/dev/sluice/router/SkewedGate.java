package dev.sluice.router;

import java.util.Arrays;
import java.util.SplittableRandom;

/// A sigmoid gate whose experts differ in popularity: score = sigmoid(popularity of the expert +
/// noise of the token), popularity normal with deviation 0.6, noise with 0.8. Without a bias its
/// busiest expert of 64 gets some 4.5 times the mean.
final class SkewedGate {
    private static final double POPULARITY = 0.6;
    private static final double NOISE = 0.8;

    private final SplittableRandom random;
    private final double[] popularity;
    private final double[] row;

    SkewedGate(int experts, long seed) {
        random = new SplittableRandom(seed);
        popularity = new double[experts];
        row = new double[experts];
        for (int e = 0; e < experts; e++) {
            popularity[e] = POPULARITY * random.nextGaussian();
        }
    }

    /// Scores [tokens][experts] of a new batch.
    double[][] scores(int tokens) {
        var scores = new double[tokens][];
        for (int t = 0; t < tokens; t++) {
            nextRow();
            scores[t] = row.clone();
        }
        return scores;
    }

    /// Logits [tokens, experts], row-major, of a new batch.
    float[] logits(int tokens) {
        var logits = new float[tokens * row.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (popularity[i % row.length] + NOISE * nearlyNormal());
        }
        return logits;
    }

    private void nextRow() {
        for (int e = 0; e < row.length; e++) {
            row[e] = 1 / (1 + Math.exp(-popularity[e] - NOISE * nearlyNormal()));
        }
    }

    /// Sum of four uniform numbers, with mean 0 and deviation 1: fast, and as good here.
    private double nearlyNormal() {
        long bits = random.nextLong();
        long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF)
                + (bits >>> 48);
        return (sum - 131_070) * (1.7320508 / 65_536);
    }

    /// Counts of the experts when each token takes the `topK` with the largest score + bias; of
    /// equals the lower.
    static long[] route(double[][] scores, BiasController bias, int topK) {
        var counts = new long[bias.targets()];
        double[] biases = biases(bias);
        for (double[] row : scores) {
            for (int expert : chosen(row, biases, topK)) {
                counts[expert]++;
            }
        }
        return counts;
    }

    private static int[] chosen(double[] scores, double[] bias, int topK) {
        var kept = new int[topK];
        var sums = new double[topK];
        int count = 0;
        for (int e = 0; e < scores.length; e++) {
            double sum = scores[e] + bias[e];
            int at = count;
            while (at > 0 && sum > sums[at - 1]) {
                at--;
            }
            if (at < topK) {
                int last = Math.min(count, topK - 1);
                System.arraycopy(kept, at, kept, at + 1, last - at);
                System.arraycopy(sums, at, sums, at + 1, last - at);
                kept[at] = e;
                sums[at] = sum;
                count = last + 1;
            }
        }
        return kept;
    }

    static int[] chosen(double[] scores, BiasController controller, int topK) {
        return chosen(scores, biases(controller), topK);
    }

    static double[] biases(BiasController controller) {
        var biases = new double[controller.targets()];
        Arrays.setAll(biases, controller::bias);
        return biases;
    }
}
