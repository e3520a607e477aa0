package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// Adds up how the logits of two models differ on the same text. One thread.
final class Comparison {
    private long judged;
    private long agreed;
    private double exactSurprise;
    private double otherSurprise;
    private double divergence;

    /// Hears the divergence of each judged row.
    interface RowHarm {
        void row(double divergence);
    }

    private final RowHarm harm;

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
            Matrix expected = exact.run(tokens, from, count);
            Matrix got = other.run(tokens, from, count);
            for (int row = 0; row < count; row++) {
                judge(expected, got, row, tokens[from + row + 1]);
            }
        }
    }

    private void judge(Matrix expected, Matrix got, int row, int next) {
        double expectedLog = logSum(expected, row);
        double gotLog = logSum(got, row);
        judged++;
        agreed += best(expected, row) == best(got, row) ? 1 : 0;
        exactSurprise += expectedLog - expected.f32(row, next);
        otherSurprise += gotLog - got.f32(row, next);
        double rowDivergence = 0;
        for (int i = 0; i < expected.cols(); i++) {
            double p = expected.f32(row, i) - expectedLog;
            rowDivergence += Math.exp(p) * (p - got.f32(row, i) + gotLog);
        }
        divergence += rowDivergence;
        harm.row(Math.max(0, rowDivergence));
    }

    private static int best(Matrix logits, int row) {
        int best = 0;
        for (int i = 1; i < logits.cols(); i++) {
            best = logits.f32(row, i) > logits.f32(row, best) ? i : best;
        }
        return best;
    }

    private static double logSum(Matrix logits, int row) {
        double max = logits.f32(row, best(logits, row));
        double sum = 0;
        for (int i = 0; i < logits.cols(); i++) {
            sum += Math.exp(logits.f32(row, i) - max);
        }
        return max + Math.log(sum);
    }

    /// @param skipped  share of attention pairs that were forecast meanwhile
    SkipFigures figures(double skipped) {
        return new SkipFigures(judged, skipped, (double) agreed / judged,
                Math.exp((otherSurprise - exactSurprise) / judged) - 1, divergence / judged);
    }

    long judged() { return judged; }

    double divergence() { return divergence / judged; }
}
