package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.io.IOException;
import java.lang.foreign.Arena;

/// Runs given tokens through a model, without sampling: for measuring a model rather than talking
/// to it. Each sequence has pages of its own, handed out once. One thread, the one that runs the
/// model.
final class TokenRows implements AutoCloseable {
    /// Logits of one step at most; a vocabulary of 150k is 600 kB a row.
    private static final long LOGITS_BYTES_MAX = 64 << 20;

    private final CausalLm lm;
    private final Batch batch;
    private final int[][][] pages;
    private final int logitsRowsMax;
    private final Arena arena;
    private final Matrix logits;

    /// Hears the logits of each position, in order: row `row` of `logits`, which is valid during
    /// the call only.
    interface RowReader {
        void read(Matrix logits, int row, int position) throws IOException;
    }

    /// @param sequences that are run side by side
    /// @param positions of each
    TokenRows(CausalLm lm, int sequences, int positions) {
        this.lm = lm;
        logitsRowsMax = Math.clamp(
                LOGITS_BYTES_MAX / (4L * lm.vocab()), sequences, Math.max(sequences, lm.maxRows()));
        batch = new Batch(lm.maxRows(), sequences);
        pages = pages(lm.kvPlan(), sequences, positions, lm.maxRows());
        arena = Arena.ofShared();
        logits = Matrix.of(DType.F32, logitsRowsMax, lm.vocab(),
                arena.allocate(4L * logitsRowsMax * lm.vocab(), 64), 0);
    }

    /// Pages `[sequence][group][position / pageSize]`. Each sequence has its own; in a window group
    /// it uses them again once the window has passed.
    private static int[][][] pages(
            KvPlan plan, int sequences, int positions, int maxRows) {
        int each = Math.ceilDiv(positions, plan.pageSize());
        var pages = new int[sequences][plan.groups().size()][each];
        for (int g = 0; g < plan.groups().size(); g++) {
            KvPlan.Group group = plan.groups().get(g);
            int own = Math.min(each, group.pages() / sequences);
            int seen = group.window() == 0 ? positions : group.window() + maxRows + plan.pageSize();
            if (own * plan.pageSize() < Math.min(positions, seen)) {
                throw new CommandFailedException(
                        "%d sequences of %d positions do not fit into keys and values of %s"
                        .formatted(sequences, positions, plan));
            }
            for (int i = 0; i < sequences * each; i++) {
                pages[i / each][g][i % each] = i / each * own + i % each % own;
            }
        }
        return pages;
    }

    /// Runs `tokens` as sequence 0 from position 0 and reads the logits of every position.
    void readAll(int[] tokens, RowReader reader) throws IOException {
        for (int from = 0; from < tokens.length; from += logitsRowsMax) {
            int count = Math.min(Math.min(logitsRowsMax, lm.maxRows()), tokens.length - from);
            batch.clear();
            batch.sequence(pages[0]);
            for (int i = from; i < from + count; i++) {
                batch.row(tokens[i], i, true);
            }
            lm.forward(batch, logits.rows(0, count));
            for (int row = 0; row < count; row++) {
                reader.read(logits, row, from + row);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
