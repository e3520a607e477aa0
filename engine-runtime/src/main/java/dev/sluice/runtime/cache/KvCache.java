package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Hands out a model's KV pages to sequences. Full pages are shared between forks; a page that a
/// sequence is about to write while another sequence has it too is copied first. Sequences that
/// nobody works on are emptied, least recently used first, when pages run out; their tokens are
/// then computed again. Engine thread only.
public final class KvCache implements AutoCloseable {
    private final CausalLm model;
    private final KvPlan plan;
    private final PagePool[] pools;
    private final int contextLimit;
    /// Sequences that wait for their next request, least recently used first.
    private final List<KvSequence> idle = new ArrayList<>();

    /// For the pages of `model`; what the pool has no room for goes to `tiers`.
    public KvCache(CausalLm model, KvTiers tiers) {
        this.model = model;
        plan = model.kvPlan();
        pools = new PagePool[plan.groups().size()];
        long limit = model.contextLength();
        for (int group = 0; group < pools.length; group++) {
            KvPlan.Group planned = plan.groups().get(group);
            pools[group] = new PagePool(planned.pages());
            long positions = (long) planned.pages() * plan.pageSize();
            // A window needs the pages it sees, a step's new rows, and two pages' ends.
            if (planned.window() == 0
                    || positions < planned.window() + model.maxRows() + 2L * plan.pageSize()) {
                limit = Math.min(limit, positions);
            }
        }
        contextLimit = (int) limit;
    }

    /// Most positions of one sequence: what the model was made for and what its pages hold.
    public int contextLimit() { return contextLimit; }

    /// An empty sequence; any thread.
    public KvSequence open(CacheSpace space) {
        int pages = (contextLimit + plan.pageSize() - 1) / plan.pageSize();
        return new KvSequence(pools.length, pages);
    }

    /// Makes the empty `child` a second sequence of the same tokens. It shares every page.
    public void fork(KvSequence parent, KvSequence child) {
        child.copyFrom(parent);
        for (int group = 0; group < pools.length; group++) {
            for (int i = child.firstLive[group]; i < child.tableEnd[group]; i++) {
                pools[group].retain(child.tables[group][i]);
            }
        }
    }

    /// Cuts the sequence to at most `length` positions, or to none where a sliding window has
    /// forgotten what the next row would have to see.
    public void truncate(KvSequence sequence, int length) {
        int end = Math.min(length, sequence.length());
        for (int group = 0; group < pools.length; group++) {
            if (sequence.firstLive[group] > firstSeenPage(group, end)) {
                end = 0;
            }
        }
        for (int group = 0; group < pools.length; group++) {
            int pages = (end + plan.pageSize() - 1) / plan.pageSize();
            while (sequence.tableEnd[group] > Math.max(pages, sequence.firstLive[group])) {
                pools[group].release(sequence.tables[group][--sequence.tableEnd[group]]);
            }
            if (end == 0) {
                sequence.firstLive[group] = 0;
                sequence.tableEnd[group] = 0;
            }
        }
        sequence.shorten(end);
    }

    /// Makes pages ready for positions up to `end`, which the next step will write.
    ///
    /// @return whether there were enough; if not, nothing changed
    public boolean reserve(KvSequence sequence, int end) {
        for (int group = 0; group < pools.length; group++) {
            forget(sequence, group);
            ownLastPage(sequence, group);
            while (sequence.tableEnd[group] * plan.pageSize() < end) {
                sequence.tables[group][sequence.tableEnd[group]] = allocate(group);
                sequence.tableEnd[group]++;
            }
        }
        return true;
    }

    /// Notes that the positions `[from, end)` are computed, from the tokens at those indices of
    /// `tokens`; `from` is the sequence's length. Full pages are published.
    public void commit(KvSequence sequence, int[] tokens, int from, int end) {
        sequence.append(tokens, from, end);
    }

    /// Lets others share also the last page, which is partly filled: at the end of a prompt.
    public void publish(KvSequence sequence) {
    }

    /// Tokens at the start of `tokens[0, length)` that attaching would reuse now.
    public int match(CacheSpace space, int[] tokens, int length) {
        return 0;
    }

    /// Makes `empty` share the longest known prefix of `tokens[0, length)`.
    public Attached attach(KvSequence empty, int[] tokens, int length) {
        return new Attached(0, false);
    }

    /// Preemption: what was computed stays in the tree until it is evicted, and the sequence is
    /// empty and can be attached again.
    public void release(KvSequence sequence) {
        truncate(sequence, 0);
    }

    /// As [#release], for a session that waits for a tool: the hint decides whether its pages stay,
    /// go to a tier or are the first to go. Resume by attaching.
    public void park(KvSequence sequence, ParkHint hint) {
        release(sequence);
    }

    /// Tells what computing a prompt costs, so that reading pages back is only done when cheaper.
    public void prefillMeasured(int tokens, long nanos) {
    }

    /// Writes the sequence's tokens and pages to a file.
    public void save(KvSequence sequence, Path file) {
        throw new UnsupportedOperationException("not yet");
    }

    /// A sequence from a file that [#save] wrote, perhaps in another process.
    public KvSequence restore(Path file) throws ForeignCacheException {
        throw new ForeignCacheException(file, "not yet");
    }

    /// Gives the pages back that no further row of a window group sees.
    private void forget(KvSequence sequence, int group) {
        int seen = Math.min(
                firstSeenPage(group, sequence.length()), sequence.tableEnd[group]);
        while (sequence.firstLive[group] < seen) {
            pools[group].release(sequence.tables[group][sequence.firstLive[group]++]);
        }
    }

    private void ownLastPage(KvSequence sequence, int group) {
        int index = sequence.length() / plan.pageSize();
        if (sequence.length() % plan.pageSize() == 0) {
            return;
        }
        int page = sequence.tables[group][index];
        while (pools[group].shared(page) && pools[group].freeCount() == 0 && !idle.isEmpty()) {
            truncate(idle.removeFirst(), 0);
        }
        if (pools[group].shared(page)) {
            int copy = allocate(group);
            model.copyPage(group, page, copy);
            pools[group].release(page);
            sequence.tables[group][index] = copy;
        }
    }

    /// Index of the first page that a row at `position` sees.
    private int firstSeenPage(int group, int position) {
        int window = plan.groups().get(group).window();
        return window == 0 ? 0 : Math.max(0, position - window + 1) / plan.pageSize();
    }

    private int allocate(int group) {
        while (pools[group].freeCount() == 0 && !idle.isEmpty()) {
            truncate(idle.removeFirst(), 0);
        }
        return pools[group].allocate();
    }

    /// Lets other sequences have the pages when they run out.
    public void rest(KvSequence sequence) {
        idle.addLast(sequence);
    }

    /// Takes a sequence back from [#rest].
    public void resume(KvSequence sequence) {
        idle.remove(sequence);
    }

    /// Gives all pages back.
    public void close(KvSequence sequence) {
        idle.remove(sequence);
        truncate(sequence, 0);
    }

    /// Frees the host tier and ends its thread.
    @Override
    public void close() {
    }

    public CacheStats stats() {
        var groups = new ArrayList<CacheStats.Group>();
        for (int group = 0; group < pools.length; group++) {
            int pages = plan.groups().get(group).pages();
            int free = pools[group].freeCount();
            groups.add(new CacheStats.Group(pages, free, 0, pages - free));
        }
        return new CacheStats(groups, 0, 0, 0, 0, 0, CacheStats.Tiers.NONE);
    }

    public int freePages(int group) { return pools[group].freeCount(); }

    /// Throws unless the pages of `live` sequences account for every page that is not free.
    public void checkIntegrity(Collection<KvSequence> live) {
        for (int group = 0; group < pools.length; group++) {
            pools[group].checkIntegrity();
            int held = 0;
            for (KvSequence sequence : live) {
                held += sequence.tableEnd[group] - sequence.firstLive[group];
            }
            if (held != pools[group].references()) {
                throw new IllegalStateException(
                        "group %d: sequences hold %d pages, the pool says %d"
                        .formatted(group, held, pools[group].references()));
            }
        }
    }
}
