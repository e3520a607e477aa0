package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.util.Random;

/// The steps that are timed: a prompt of one sequence, and a token of each of several sequences
/// that stand at the same position. Steps can be repeated as they are. One thread.
final class Steps {
    private final TimedModel model;
    private final Batch batch;
    private final int[][][] pages;
    private final float[] logits;
    private final int[] tokens;

    Steps(TimedModel model) {
        this.model = model;
        TimedModel.Request request = model.request();
        int rows = Math.max(request.maxRows(), request.sequences());
        batch = new Batch(rows, request.sequences());
        logits = new float[request.sequences() * model.lm().vocab()];
        tokens = new int[rows];
        var random = new Random(5);
        for (int i = 0; i < rows; i++) {
            tokens[i] = random.nextInt(model.lm().vocab());
        }
        KvPlan kv = model.plan().kv();
        int each = Math.ceilDiv(model.plan().positions(), kv.pageSize());
        pages = new int[request.sequences()][kv.groups().size()][each];
        for (int s = 0; s < pages.length; s++) {
            for (int[] group : pages[s]) {
                for (int i = 0; i < each; i++) {
                    group[i] = s * each + i;
                }
            }
        }
    }

    /// `count` rows of the first sequence from its beginning on; the last one's logits are read.
    void prompt(int count) {
        batch.clear();
        batch.sequence(pages[0]);
        for (int i = 0; i < count; i++) {
            batch.row(tokens[i], i, i == count - 1);
        }
        forward();
    }

    /// The first sequence's first `positions` keys and values become those of all the others.
    void share(int positions) {
        CausalLm lm = model.lm();
        for (int s = 1; s < pages.length; s++) {
            for (int g = 0; g < pages[s].length; g++) {
                for (int i = 0; i * model.plan().kv().pageSize() < positions; i++) {
                    lm.copyPage(g, pages[0][g][i], pages[s][g][i]);
                }
            }
        }
    }

    /// One token of each of the first `sequences`, at `position`; all logits are read.
    void decode(int sequences, int position) {
        batch.clear();
        for (int s = 0; s < sequences; s++) {
            batch.sequence(pages[s]);
            batch.row(tokens[s], position, true);
        }
        forward();
    }

    private void forward() {
        CausalLm lm = model.lm();
        int rows = batch.logitsRowCount();
        lm.forward(batch, Matrix.host(logits, rows, lm.vocab()));
        if (!Float.isFinite(logits[rows * lm.vocab() - 1]) || !Float.isFinite(logits[0])) {
            throw new IllegalStateException("the logits are not numbers: " + logits[0]);
        }
    }
}
