package dev.sluice.runtime.cache;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// A model that only keeps pages. Each slot holds (position, token) where a real model holds keys
/// and values, so that a wrong, stale or wrongly shared page shows at [#verify]. No logits.
final class PageLm implements CausalLm {
    static final int PAGE = 4;
    private static final long EMPTY = -1;

    private final int contextLength;
    private final int maxRows;
    private final KvPlan plan;
    private final long[][][] pages;
    private final Thread owner = Thread.currentThread();
    private long rowsComputed;
    private int pagesCopied;

    PageLm(int contextLength, int maxRows, KvPlan.Group... groups) {
        this.contextLength = contextLength;
        this.maxRows = maxRows;
        plan = new KvPlan(DType.F32, PAGE, List.of(groups));
        pages = new long[groups.length][][];
        for (int group = 0; group < groups.length; group++) {
            pages[group] = new long[groups[group].pages()][PAGE];
            for (long[] page : pages[group]) {
                Arrays.fill(page, EMPTY);
            }
        }
    }

    /// One group that sees everything.
    static PageLm full(int contextLength, int pages) {
        return new PageLm(contextLength, 1 << 20, new KvPlan.Group(1, pages, 0, 8 * PAGE));
    }

    long rowsComputed() { return rowsComputed; }

    int pagesCopied() { return pagesCopied; }

    /// Computes positions `[from, end)` of a sequence with pages reserved, as a forward pass does.
    void compute(KvSequence sequence, int[] tokens, int from, int end) {
        for (int group = 0; group < pages.length; group++) {
            for (int position = from; position < end; position++) {
                int page = sequence.pages()[group][position / PAGE];
                pages[group][page][position % PAGE] = cell(position, tokens[position]);
            }
        }
        rowsComputed += end - from;
    }

    /// Throws unless all that the next row of the sequence sees is there.
    void verify(KvSequence sequence, int[] tokens, String where) {
        for (int group = 0; group < pages.length; group++) {
            int window = plan.groups().get(group).window();
            int first = window == 0 ? 0 : Math.max(0, sequence.length() - window + 1);
            for (int position = first; position < sequence.length(); position++) {
                int page = sequence.pages()[group][position / PAGE];
                long got = pages[group][page][position % PAGE];
                if (got != cell(position, tokens[position])) {
                    throw new AssertionError(
                            "%s: group %d position %d of %d, page %d holds %d:%d, not %d:%d"
                            .formatted(where, group, position, sequence.length(), page, got >> 32,
                                    (int) got, position, tokens[position]));
                }
            }
        }
    }

    private static long cell(int position, int token) {
        return (long) position << 32 | token;
    }

    /// Overwrites one slot, as a fault would.
    void spoil(int group, int page) {
        pages[group][page][0] ^= 1;
    }

    @Override
    public int vocab() { return 1; }

    @Override
    public int contextLength() { return contextLength; }

    @Override
    public int maxRows() { return maxRows; }

    @Override
    public KvPlan kvPlan() { return plan; }

    @Override
    public void forward(Batch batch, Matrix logits) {
        throw new UnsupportedOperationException("use compute");
    }

    @Override
    public void copyPage(int group, int from, int to) {
        requireOwner();
        System.arraycopy(pages[group][from], 0, pages[group][to], 0, PAGE);
        pagesCopied++;
    }

    @Override
    public long pageBytes(int group) { return plan.groups().get(group).bytesPerPage(); }

    @Override
    public void exportPage(int group, int page, MemorySegment to) {
        requireOwner();
        for (int i = 0; i < PAGE; i++) {
            to.set(JAVA_LONG_UNALIGNED, 8L * i, pages[group][page][i]);
        }
    }

    @Override
    public void importPage(int group, int page, MemorySegment from) {
        requireOwner();
        for (int i = 0; i < PAGE; i++) {
            pages[group][page][i] = from.get(JAVA_LONG_UNALIGNED, 8L * i);
        }
    }

    private void requireOwner() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("pages touched by " + Thread.currentThread());
        }
    }

    @Override
    public void close() { }
}
