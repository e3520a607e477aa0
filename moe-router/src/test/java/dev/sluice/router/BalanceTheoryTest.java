package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.router.BiasController.Settings;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Goal: on fixed scores the sign rule does what can be proved of it.
///
/// Method: one batch of tokens with distinct scores is routed again and again. Then every step
/// must be monotone in the dual as far as its swaps allow (P1), move tokens only towards less
/// loaded experts (P2), and shrink every load's error until it is within the number of tokens
/// whose choice hangs on two steps (P3); with a step below half the least gap between scores all
/// loads end within E - 1 of the mean (arXiv 2512.03915, theorem 7).
class BalanceTheoryTest {
    private static final int TOKENS = 400;
    private static final int EXPERTS = 16;
    private static final int TOP_K = 4;
    private static final double RATE = 1e-3;

    @Test
    void loadsEndWithinTheBoundOfTheTheory() {
        int tokens = 64;
        int experts = 8;
        int topK = 2;
        // Ranks as scores: all distinct, and as skewed as the gate they come from.
        double[][] scores = new SkewedGate(experts, 3).scores(tokens);
        double[] sorted = Arrays.stream(scores).flatMapToDouble(Arrays::stream).sorted().toArray();
        for (double[] row : scores) {
            Arrays.setAll(row, e -> (double) Arrays.binarySearch(sorted, row[e]) / sorted.length);
        }
        var controller = new BiasController(experts,
                new Settings(StepRule.SIGN, leastGap(scores) * 0.49, 10));
        double mean = (double) tokens * topK / experts;
        double first = worst(SkewedGate.route(scores, controller, topK), mean);
        assertTrue(first > experts - 1, "balanced from the start: " + first);
        long[] counts = {};
        for (int n = 0; n < 5000; n++) {
            counts = SkewedGate.route(scores, controller, topK);
            controller.afterBatch(counts);
        }
        for (int n = 0; n < 2000; n++) {
            counts = SkewedGate.route(scores, controller, topK);
            controller.afterBatch(counts);
            assertTrue(worst(counts, mean) <= experts - 1, "loads " + Arrays.toString(counts));
        }
    }

    /// The least difference between two scores of one token.
    private static double leastGap(double[][] scores) {
        double least = Double.MAX_VALUE;
        for (double[] row : scores) {
            double[] sorted = row.clone();
            Arrays.sort(sorted);
            for (int i = 1; i < sorted.length; i++) {
                least = Math.min(least, sorted[i] - sorted[i - 1]);
            }
        }
        assertTrue(least > 0, "equal scores");
        return least;
    }

    private static double worst(long[] counts, double mean) {
        double worst = 0;
        for (long count : counts) {
            worst = Math.max(worst, Math.abs(count - mean));
        }
        return worst;
    }

    @Test
    void everyStepKeepsTheThreeStatements() {
        double[][] scores = new SkewedGate(EXPERTS, 7).scores(TOKENS);
        var controller = new BiasController(EXPERTS, new Settings(StepRule.SIGN, RATE, 10));
        double mean = (double) TOKENS * TOP_K / EXPERTS;
        long swaps = 0;
        long[] counts = {};
        for (int n = 0; n < 1500; n++) {
            double[] before = SkewedGate.biases(controller);
            int[][] chosen = chosen(scores, controller);
            counts = count(chosen);
            controller.afterBatch(counts);
            double[] after = SkewedGate.biases(controller);
            int[][] next = chosen(scores, controller);
            double gain = swapGain(scores, after, chosen, next);
            double squares = 0;
            for (long c : counts) {
                squares += RATE * Math.abs(c - mean);
            }
            double change = dual(scores, after, next, mean) - dual(scores, before, chosen, mean);
            assertEquals(gain - squares, change, 1e-7, "P1 at step " + n);
            swaps += preferences(scores, new Step(before, after, counts, mean), chosen, next);
            approach(scores, before, counts, count(next), mean);
        }
        assertTrue(swaps > 100, "only " + swaps + " tokens changed experts");
        assertTrue(LoadMeasures.maxViolation(counts) < 0.1, Arrays.toString(counts));
    }

    private record Step(double[] before, double[] after, long[] counts, double mean) {
        int side(int expert) { return (int) Math.signum(counts[expert] - mean); }
    }

    /// P2: an expert left behind had at most the step's difference more than the one taken, and
    /// nobody moves into an overloaded expert or out of an idle one.
    private static int preferences(double[][] scores, Step step, int[][] chosen, int[][] next) {
        int swaps = 0;
        for (int t = 0; t < chosen.length; t++) {
            for (int left : missing(chosen[t], next[t])) {
                for (int taken : missing(next[t], chosen[t])) {
                    double margin = scores[t][left] + step.before[left]
                            - scores[t][taken] - step.before[taken];
                    double moved = step.after[taken] - step.before[taken]
                            - step.after[left] + step.before[left];
                    assertTrue(margin >= 0 && margin <= moved + 1e-12,
                            "P2: margin " + margin + ", moved " + moved);
                    assertTrue(step.side(left) >= 0 && step.side(taken) <= 0
                            && step.side(left) > step.side(taken),
                            "P2: from %d to %d of the mean".formatted(
                                    step.side(left), step.side(taken)));
                    swaps++;
                }
            }
        }
        return swaps;
    }

    /// P3: an error does not grow, or has crossed zero by at most the tokens whose margin at that
    /// expert is within two steps.
    private static void approach(double[][] scores, double[] bias, long[] counts, long[] next,
            double mean) {
        for (int e = 0; e < counts.length; e++) {
            double error = counts[e] - mean;
            double nextError = next[e] - mean;
            boolean crossed = error * nextError < 0 || error == 0;
            if (!crossed) {
                assertTrue(Math.abs(nextError) <= Math.abs(error), "P3: expert " + e);
            } else {
                assertTrue(Math.abs(nextError) <= closeChoices(scores, bias, e),
                        "P3: expert %d overshoots by %s".formatted(e, nextError));
            }
        }
    }

    /// Tokens whose choice for or against `expert` has a margin of at most two steps.
    private static int closeChoices(double[][] scores, double[] bias, int expert) {
        int close = 0;
        for (double[] row : scores) {
            var sums = new double[row.length];
            Arrays.setAll(sums, e -> row[e] + bias[e]);
            double own = sums[expert];
            Arrays.sort(sums);
            double last = sums[sums.length - TOP_K];
            double firstOut = sums[sums.length - TOP_K - 1];
            double margin = own >= last ? own - firstOut : last - own;
            close += margin <= 2 * RATE + 1e-12 ? 1 : 0;
        }
        return close;
    }

    /// Sum over tokens of what the new choice has more than the old one, both with new biases.
    private static double swapGain(double[][] scores, double[] bias, int[][] chosen, int[][] next) {
        double gain = 0;
        for (int t = 0; t < chosen.length; t++) {
            for (int expert : next[t]) {
                gain += scores[t][expert] + bias[expert];
            }
            for (int expert : chosen[t]) {
                gain -= scores[t][expert] + bias[expert];
            }
        }
        return gain;
    }

    private static double dual(double[][] scores, double[] bias, int[][] chosen, double mean) {
        double dual = 0;
        for (int t = 0; t < chosen.length; t++) {
            for (int expert : chosen[t]) {
                dual += scores[t][expert] + bias[expert];
            }
        }
        for (double b : bias) {
            dual -= mean * b;
        }
        return dual;
    }

    private static int[] missing(int[] from, int[] in) {
        return Arrays.stream(from)
                .filter(e -> Arrays.stream(in).noneMatch(other -> other == e)).toArray();
    }

    private static int[][] chosen(double[][] scores, BiasController controller) {
        var chosen = new int[scores.length][];
        Arrays.setAll(chosen, t -> SkewedGate.chosen(scores[t], controller, TOP_K));
        return chosen;
    }

    private static long[] count(int[][] chosen) {
        var counts = new long[EXPERTS];
        for (int[] row : chosen) {
            for (int expert : row) {
                counts[expert]++;
            }
        }
        return counts;
    }
}
