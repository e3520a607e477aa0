package dev.sluice.router;

import java.util.Arrays;
import java.util.List;
import java.util.ArrayList;
import java.util.SplittableRandom;

/// Traces of routing with affinity: each token takes one expert a layer, the first at random, the
/// others from the row of a transition matrix whose rows are Dirichlet with a concentration. Small
/// concentrations make the next expert nearly certain; infinity makes routing uniform.
final class MarkovTrace {
    private final SplittableRandom random;
    private final int experts;
    /// [layer][expert] -> cumulative probabilities
    private final double[][][] cumulative;

    MarkovTrace(int experts, int layers, double concentration, long seed) {
        random = new SplittableRandom(seed);
        this.experts = experts;
        cumulative = new double[layers - 1][experts][experts];
        for (double[][] layer : cumulative) {
            for (double[] row : layer) {
                double sum = 0;
                for (int e = 0; e < experts; e++) {
                    sum += Double.isInfinite(concentration) ? 1 : gamma(concentration);
                    row[e] = sum;
                }
                for (int e = 0; e < experts; e++) {
                    row[e] /= sum;
                }
            }
        }
    }

    /// Experts [token][layer] of new tokens of the same model.
    int[][] tokens(int count) {
        var tokens = new int[count][cumulative.length + 1];
        for (int[] token : tokens) {
            token[0] = random.nextInt(experts);
            for (int l = 0; l < cumulative.length; l++) {
                int at = Arrays.binarySearch(cumulative[l][token[l]], random.nextDouble());
                token[l + 1] = Math.min(at < 0 ? -at - 1 : at, experts - 1);
            }
        }
        return tokens;
    }

    List<PairCounts> pairs(int[][] tokens) {
        var pairs = new ArrayList<PairCounts>();
        for (int l = 0; l < cumulative.length; l++) {
            var counts = new PairCounts(experts, experts);
            for (int[] token : tokens) {
                counts.add(token[l], token[l + 1]);
            }
            pairs.add(counts);
        }
        return pairs;
    }

    /// Marsaglia and Tsang (2000), with their boost for shapes below 1.
    private double gamma(double shape) {
        double d = shape + 1 - 1.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        while (true) {
            double x = random.nextGaussian();
            double v = Math.pow(1 + c * x, 3);
            if (v > 0 && Math.log(random.nextDouble()) < 0.5 * x * x + d - d * v
                    + d * Math.log(v)) {
                return d * v * Math.pow(random.nextDouble(), 1 / shape);
            }
        }
    }
}
