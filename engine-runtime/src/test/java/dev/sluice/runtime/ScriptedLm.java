package dev.sluice.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// A model without weights. Its pages hold (position, token) where a real one holds keys and
/// values, and its logits are a function of the tokens it reads back from the pages, so a wrong,
/// stale or shared page shows as a wrong token or as an error. One thread, which it checks.
final class ScriptedLm implements CausalLm {
    /// The logits after some tokens.
    interface Script {
        void logits(int[] tokenIds, float[] into);
    }

    /// Called before each forward pass, on the engine's thread.
    interface Hook {
        void before(int forward);
    }

    static final int MAX_SEQUENCES = 32;

    private final int contextLength;
    private final int maxRows;
    private final KvPlan plan;
    private final long[][][] pages;
    private final Script script;
    private volatile Hook hook = _ -> {};
    private Thread owner;
    private volatile int forwards;
    private volatile int rowsComputed;
    private volatile int pagesCopied;
    private volatile int closed;

    ScriptedLm(int contextLength, int maxRows, KvPlan plan, Script script) {
        this.contextLength = contextLength;
        this.maxRows = maxRows;
        this.plan = plan;
        this.script = script;
        pages = new long[plan.groups().size()][][];
        for (int group = 0; group < pages.length; group++) {
            pages[group] = new long[plan.groups().get(group).pages()][plan.pageSize()];
        }
    }

    /// One group that sees everything, in pages of 4, with room for exactly one full context.
    static ScriptedLm small(int contextLength, int maxRows, Script script) {
        return new ScriptedLm(contextLength, maxRows,
                plan(new KvPlan.Group(2, (contextLength + 3) / 4, 0, 64)), script);
    }

    static KvPlan plan(KvPlan.Group... groups) {
        return new KvPlan(DType.F32, 4, List.of(groups));
    }

    /// Says `text` after any prompt of `promptLength` tokens, then ends.
    static Script saying(int promptLength, String text) {
        int[] ids = new ByteTokenizer().encode(text, dev.sluice.models.tokenizer.Tokenizer
                .Special.AS_TEXT);
        return (tokens, into) -> {
            int at = tokens.length - promptLength;
            into[at < ids.length ? ids[at] : ByteTokenizer.EOS] = 10;
        };
    }

    /// Logits that depend on every token before.
    static Script chaotic() {
        return (tokens, into) -> {
            for (int i = 0; i < ByteTokenizer.VOCAB; i++) {
                long bits = CounterRandom.bits(
                        Arrays.hashCode(tokens), i, tokens.length, CounterRandom.Draw.TOKEN);
                into[i] = (bits >>> 40) / (float) (1 << 22);
            }
            into[ByteTokenizer.EOS] = -5;
            into[ByteTokenizer.END_OF_TURN] = -5;
            into[ByteTokenizer.BOS] = -5;
        };
    }

    void hook(Hook before) { hook = before; }

    int forwards() { return forwards; }

    int rowsComputed() { return rowsComputed; }

    int pagesCopied() { return pagesCopied; }

    int closed() { return closed; }

    @Override
    public int vocab() { return ByteTokenizer.VOCAB + 5; }

    @Override
    public int contextLength() { return contextLength; }

    @Override
    public int maxRows() { return maxRows; }

    @Override
    public int maxSequences() { return MAX_SEQUENCES; }

    @Override
    public KvPlan kvPlan() { return plan; }

    @Override
    public void forward(Batch batch, Matrix logits) {
        checkThread();
        hook.before(forwards);
        forwards++;
        require(batch.rowCount() > 0 && batch.rowCount() <= maxRows, "rows " + batch.rowCount());
        require(batch.sequenceCount() <= MAX_SEQUENCES, "sequences " + batch.sequenceCount());
        require(logits.rows() == batch.logitsRowCount(), "logits rows " + logits.rows());
        for (int row = 0; row < batch.rowCount(); row++) {
            int position = batch.position(row);
            require(position < contextLength, "position " + position);
            require(row == 0 || batch.sequence(row) != batch.sequence(row - 1)
                    || position == batch.position(row - 1) + 1, "position " + position);
            for (int group = 0; group < pages.length; group++) {
                page(batch, row, group, position)[position % plan.pageSize()] =
                        (long) position << 32 | batch.tokenId(row);
            }
        }
        rowsComputed += batch.rowCount();
        for (int i = 0; i < batch.logitsRowCount(); i++) {
            answer(batch, batch.logitsRow(i), logits, i);
        }
    }

    private void answer(Batch batch, int row, Matrix logits, int index) {
        int end = batch.position(row);
        int[] tokens = new int[end + 1];
        for (int group = 0; group < pages.length; group++) {
            int window = plan.groups().get(group).window();
            int first = window == 0 ? 0 : Math.max(0, end - window + 1);
            for (int position = first; position <= end; position++) {
                long cell = page(batch, row, group, position)[position % plan.pageSize()];
                require(cell >> 32 == position,
                        "group %d position %d holds position %d".formatted(
                                group, position, cell >> 32));
                require(group == 0 || tokens[position] == (int) cell, "groups differ");
                tokens[position] = (int) cell;
            }
        }
        float[] values = new float[vocab()];
        script.logits(tokens, values);
        Arrays.fill(values, ByteTokenizer.VOCAB, values.length, 100);
        for (int i = 0; i < values.length; i++) {
            logits.f32(index, i, values[i]);
        }
    }

    private long[] page(Batch batch, int row, int group, int position) {
        int[] table = batch.pages(batch.sequence(row), group);
        return pages[group][table[position / plan.pageSize()]];
    }

    @Override
    public void copyPage(int group, int from, int to) {
        checkThread();
        pages[group][to] = pages[group][from].clone();
        pagesCopied++;
    }

    @Override
    public long pageBytes(int group) { return 8L * plan.pageSize(); }

    @Override
    public void exportPage(int group, int page, MemorySegment to) {
        for (int i = 0; i < plan.pageSize(); i++) {
            to.set(JAVA_LONG_UNALIGNED, 8L * i, pages[group][page][i]);
        }
    }

    @Override
    public void importPage(int group, int page, MemorySegment from) {
        for (int i = 0; i < plan.pageSize(); i++) {
            pages[group][page][i] = from.get(JAVA_LONG_UNALIGNED, 8L * i);
        }
    }

    @Override
    public void close() {
        closed++;
    }

    private void checkThread() {
        if (owner == null) {
            owner = Thread.currentThread();
        }
        require(owner == Thread.currentThread(), "thread " + Thread.currentThread());
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("ScriptedLm: " + what);
        }
    }
}
