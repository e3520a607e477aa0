package dev.sluice.bridge.serve;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import dev.sluice.models.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/// A model without weights that gives every sequence one token per step, a step in every 100 ms.
/// The token names the step, so whoever reads it can tell how long it took to arrive. Its pages
/// hold nothing.
final class PacedLm implements CausalLm {
    static final long PACE_NANOS = 100_000_000;
    private static final int PAGE = 16;
    private static final int STEPS_KEPT = 1 << 14;
    private static final String NAMES =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private final CausalLm replaced;
    private final int sequences;
    private final int context;
    private final int[] tokens;
    private final String names;
    private final AtomicLongArray ends = new AtomicLongArray(STEPS_KEPT);
    private volatile int steps;
    private long next;

    /// @param replaced  closed with this, and otherwise only asked for its vocabulary
    PacedLm(CausalLm replaced, Tokenizer tokenizer, int sequences, int context) {
        this.replaced = replaced;
        this.sequences = sequences;
        this.context = context;
        var found = new StringBuilder();
        var ids = new ArrayList<Integer>();
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            byte[] bytes = tokenizer.bytes(id);
            if (bytes.length == 1 && NAMES.indexOf(bytes[0]) >= 0
                    && found.indexOf(String.valueOf((char) bytes[0])) < 0) {
                found.append((char) bytes[0]);
                ids.add(id);
            }
        }
        names = found.toString();
        tokens = ids.stream().mapToInt(id -> id).toArray();
        if (tokens.length < 20) {
            throw new IllegalArgumentException("too few tokens of one character: " + names);
        }
    }

    /// When the step that drew this character ended; it is the last one of its name.
    long endNanos(char name) {
        int last = steps - 1;
        int residue = names.indexOf(name);
        int step = last - Math.floorMod(last - residue, tokens.length);
        return ends.get(Math.floorMod(step, STEPS_KEPT));
    }

    @Override
    public int vocab() { return replaced.vocab(); }

    @Override
    public int contextLength() { return context; }

    @Override
    public int maxRows() { return sequences * 8; }

    @Override
    public int maxSequences() { return sequences; }

    @Override
    public KvPlan kvPlan() {
        int pages = (sequences + 1) * Math.ceilDiv(context, PAGE);
        return new KvPlan(DType.F32, PAGE, List.of(new KvPlan.Group(1, pages, 0, PAGE)));
    }

    @Override
    public void forward(Batch batch, Matrix logits) {
        while (System.nanoTime() < next) {
            LockSupport.parkNanos(next - System.nanoTime());
        }
        int said = tokens[steps % tokens.length];
        for (int row = 0; row < batch.logitsRowCount(); row++) {
            for (int id = 0; id < logits.cols(); id++) {
                logits.f32(row, id, id == said ? 50 : 0);
            }
        }
        long now = System.nanoTime();
        next = Math.max(next + PACE_NANOS, now);
        ends.set(steps % STEPS_KEPT, now);
        steps++;
    }

    @Override
    public void copyPage(int group, int from, int to) { }

    @Override
    public long pageBytes(int group) { return PAGE; }

    @Override
    public void exportPage(int group, int page, MemorySegment to) { }

    @Override
    public void importPage(int group, int page, MemorySegment from) { }

    @Override
    public void close() {
        replaced.close();
    }
}
