package dev.sluice.models.skip;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// How much harm forecasting the rows of a sublayer does, in the order of their scores. A gate's
/// score orders rows but its size is only roughly the logarithm of the harm, so the harm that was
/// seen is averaged over neighbours until it never falls with the score (isotonic regression by
/// pooling adjacent violators; Barlow et al. 1972). Immutable.
final class HarmCurve {
    private final float[] sorted;
    private final List<Block> blocks;

    /// Rows `from` to `end` of the sorted scores, which have the same mean harm.
    private record Block(int from, int end, double harmSum) {
        double harm() { return harmSum / (end - from); }

        Block with(Block next) {
            return new Block(from, next.end, harmSum + next.harmSum);
        }
    }

    private HarmCurve(float[] sorted, List<Block> blocks) {
        this.sorted = sorted;
        this.blocks = blocks;
    }

    /// Of rows with these scores and harms.
    static HarmCurve of(float[] scores, float[] harms) {
        var order = new Integer[scores.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> scores[i]));
        var sorted = new float[scores.length];
        var pooled = new ArrayList<Block>();
        int from = 0;
        while (from < order.length) {
            // Rows of one score are taken together or not at all.
            int end = from;
            double sum = 0;
            while (end < order.length && scores[order[end]] == scores[order[from]]) {
                sorted[end] = scores[order[end]];
                sum += harms[order[end++]];
            }
            Block block = new Block(from, end, sum);
            while (!pooled.isEmpty() && pooled.getLast().harm() >= block.harm()) {
                block = pooled.removeLast().with(block);
            }
            pooled.add(block);
            from = end;
        }
        return new HarmCurve(sorted, pooled);
    }

    /// One threshold a curve, below which there are about `wanted` rows of all curves together,
    /// those that do the least harm.
    static double[] thresholds(List<HarmCurve> curves, long wanted) {
        record Step(int curve, Block block) { }
        var steps = new ArrayList<Step>();
        var out = new double[curves.size()];
        Arrays.fill(out, Double.NEGATIVE_INFINITY);
        for (int c = 0; c < curves.size(); c++) {
            for (Block block : curves.get(c).blocks) {
                steps.add(new Step(c, block));
            }
        }
        steps.sort(Comparator.comparingDouble(step -> step.block.harm()));
        long left = wanted;
        for (Step step : steps) {
            Block block = step.block;
            int taken = (int) Math.min(left, block.end - block.from);
            if (taken > 0) {
                out[step.curve] = curves.get(step.curve).above(block.from + taken - 1);
            }
            left -= taken;
        }
        return out;
    }

    /// The next score behind that of sorted row `row`, or a bound above all.
    private double above(int row) {
        int next = row;
        while (next < sorted.length && sorted[next] == sorted[row]) {
            next++;
        }
        return next < sorted.length ? sorted[next] : Double.POSITIVE_INFINITY;
    }
}
