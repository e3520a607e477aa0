package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// Adds up how the logits of two models differ on the same text. One thread.
final class Comparison {
    private final RowHarm harm;
    private float[] expectedRow = new float[0];
    private float[] gotRow = new float[0];
    private long judged;
    private long agreed;
    private double exactSurprise;
    private double otherSurprise;
    private double divergence;

    /// Hears the divergence of each judged row.
    interface RowHarm {
        void row(double divergence);
    }

    Comparison() {
        this(_ -> { });
    }

    Comparison(RowHarm harm) {
        this.harm = harm;
    }

    /// Runs `tokens` through both, and judges every token but the first by those before it.
    void add(TokenWindows exact, TokenWindows other, int[] tokens) {
        int step = Math.min(exact.stepRows(), other.stepRows());
        for (int from = 0; from < tokens.length - 1; from += step) {
            int count = Math.min(step, tokens.length - 1 - from);
            prepare(exact.vocab());
            Matrix expected = exact.run(tokens, from, count);
            Matrix got = other.run(tokens, from, count);
            for (int row = 0; row < count; row++) {
                judge(expected, got, row, tokens[from + row + 1]);
            }
        }
    }

    private void prepare(int vocab) {
        if (expectedRow.length != vocab) {
            expectedRow = new float[vocab];
            gotRow = new float[vocab];
        }
    }

    private void judge(Matrix expected, Matrix got, int row, int next) {
        int expectedBest = copy(expected, row, expectedRow);
        int gotBest = copy(got, row, gotRow);
        double expectedLog = logSum(expectedRow, expectedRow[expectedBest]);
        double gotLog = logSum(gotRow, gotRow[gotBest]);
        judged++;
        agreed += expectedBest == gotBest ? 1 : 0;
        exactSurprise += expectedLog - expectedRow[next];
        otherSurprise += gotLog - gotRow[next];
        double rowDivergence = 0;
        for (int i = 0; i < expectedRow.length; i++) {
            double p = expectedRow[i] - expectedLog;
            rowDivergence += Math.exp(p) * (p - gotRow[i] + gotLog);
        }
        divergence += rowDivergence;
        harm.row(Math.max(0, rowDivergence));
    }

    /// Index of the largest logit.
    private static int copy(Matrix logits, int row, float[] to) {
        int best = 0;
        for (int i = 0; i < to.length; i++) {
            to[i] = logits.f32(row, i);
            best = to[i] > to[best] ? i : best;
        }
        return best;
    }

    private static double logSum(float[] logits, double max) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        return max + Math.log(sum);
    }

    /// @param skipped  share of attention pairs that were forecast meanwhile
    SkipFigures figures(double skipped) {
        return new SkipFigures(judged, skipped, (double) agreed / judged,
                Math.exp((otherSurprise - exactSurprise) / judged) - 1, divergence / judged);
    }

    long judged() { return judged; }
}
