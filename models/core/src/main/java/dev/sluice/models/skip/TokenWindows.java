package dev.sluice.models.skip;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;

/// Runs given token sequences through a model, one at a time, from position 0. One thread.
final class TokenWindows {
    private final CausalLm lm;
    private final Batch batch;
    private final int[][] pages;
    private final Matrix logits;

    TokenWindows(CausalLm lm) {
        this.lm = lm;
        batch = new Batch(lm.maxRows(), 1);
        logits = Matrix.host(new float[lm.maxRows() * lm.vocab()], lm.maxRows(), lm.vocab());
        pages = new int[lm.kvPlan().groups().size()][];
        int each = Math.ceilDiv(lm.contextLength(), lm.kvPlan().pageSize());
        for (int g = 0; g < pages.length; g++) {
            pages[g] = new int[each];
            for (int i = 0; i < each; i++) {
                pages[g][i] = i % lm.kvPlan().groups().get(g).pages();
            }
        }
    }

    int vocab() { return lm.vocab(); }

    int stepRows() { return lm.maxRows(); }

    /// Logits [count, V] of tokens `from` to `from + count`; those before have been run. Valid
    /// until the next call.
    Matrix run(int[] tokens, int from, int count) {
        batch.clear();
        batch.sequence(pages);
        for (int i = from; i < from + count; i++) {
            batch.row(tokens[i], i, true);
        }
        Matrix out = logits.rows(0, count);
        lm.forward(batch, out);
        return out;
    }

    /// Runs all of `tokens` for what happens on the way.
    void runAll(int[] tokens) {
        for (int from = 0; from < tokens.length; from += stepRows()) {
            run(tokens, from, Math.min(stepRows(), tokens.length - from));
        }
    }
}
