package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.LongSupplier;

/// Hands a model's KV pages to sequences, keeps what they computed for those that begin alike, and
/// takes it back, least recently used first, when pages run out. What a sequence works on is never
/// taken. Numbers of pages only: the bytes live with the model.
///
/// The life of a sequence: [#open], [#attach] to what is known of its prompt, then for each step
/// [#reserve], the forward pass and [#commit]; [#publish] at the end of a prompt, [#close] in the
/// end. A step of a sequence that has its pages allocates nothing. Engine thread only, but for
/// [#open] and [#contextLimit].
public final class KvCache implements AutoCloseable {
    private final CausalLm model;
    private final KvPlan plan;
    private final PagePool[] pools;
    private final PageTables tables;
    private final TreeNodes nodes;
    private final PrefixTree tree;
    private final PrefixMatch match;
    private final Costs costs = new Costs();
    private final Tiers tiers;
    private final Parking parking;
    private final Evictor evictor;
    private final Recall recall;
    private final LongSupplier clock;
    private final int contextLimit;
    private final int[] offered;
    private long queriedTokens;
    private long hitTokens;

    /// For the pages of `model`; what the pool has no room for goes to `tiers`.
    public KvCache(CausalLm model, KvTiers tiers) {
        this(model, tiers, System::nanoTime);
    }

    /// @param clock  in nanoseconds, by which waits for tools are measured
    public KvCache(CausalLm model, KvTiers limits, LongSupplier clock) {
        this.model = model;
        this.clock = clock;
        plan = model.kvPlan();
        int groups = plan.groups().size();
        pools = new PagePool[groups];
        var windowed = new boolean[groups];
        int mostPages = 0;
        for (int group = 0; group < groups; group++) {
            KvPlan.Group planned = plan.groups().get(group);
            pools[group] = new PagePool(planned.pages());
            windowed[group] = planned.window() > 0;
            mostPages = Math.max(mostPages, planned.pages());
        }
        contextLimit = plan.positions(model.contextLength(), model.maxRows());
        tables = new PageTables(model, pools);
        // A node per page, and three times as many for runs that end inside a page.
        nodes = new TreeNodes(4 * mostPages + 64, groups, plan.pageSize());
        tree = new PrefixTree(nodes, pools, windowed);
        match = new PrefixMatch(nodes, tables.windows());
        tiers = new Tiers(model, nodes, limits, costs, clock);
        parking = new Parking(costs, tiers.enabled(), mostPages);
        evictor = new Evictor(tree, tables, tiers, parking, clock);
        recall = new Recall(model, tree, pools, tiers, evictor,
                new Recall.CostClock(costs, clock));
        offered = new int[groups];
    }

    /// Most positions of one sequence: what the model was made for and what its pages hold.
    public int contextLimit() { return contextLimit; }

    /// Pages of each group that so many tokens take.
    public int pagesOf(int tokens) { return Math.ceilDiv(tokens, plan.pageSize()); }

    /// An empty sequence; any thread.
    public KvSequence open(CacheSpace space) {
        return new KvSequence(
                space, pools.length, Math.ceilDiv(contextLimit, plan.pageSize()));
    }

    // ---- reuse ------------------------------------------------------------------------------

    /// Tokens at the start of `tokens[0, length)` that attaching would reuse now, whether they are
    /// in the pool or have to be read back.
    public int match(CacheSpace space, int[] tokens, int length) {
        evictor.poll();
        match.walk(tree.findRoot(space), tokens, length);
        if (match.length() > 0) {
            tree.touch(match.node());
        }
        return Math.max(match.length(), recall.plan(match, space, tokens, length).reach());
    }

    /// Makes the empty sequence share the longest known prefix of `tokens[0, length)`, and keeps
    /// that from being evicted. Leave a token out of `length` to get logits. What is in a file is
    /// read meanwhile: attach again in a later step, or forget about it. A parked session resumes
    /// by attaching the very sequence that was parked, from which the cache learns how long its
    /// tool took.
    public Attached attach(KvSequence empty, int[] tokens, int length) {
        requireEmpty(empty);
        evictor.poll();
        match.walk(tree.findRoot(empty.space), tokens, length);
        Recall.Plan more = recall.plan(match, empty.space, tokens, length);
        if (more.reach() > 0 && lockMatch(empty)) {
            if (recall.restore(empty, more, tokens)) {
                // What is there already is recently used; a lock could be forgotten.
                tree.unanchor(empty);
                resume(empty);
                return new Attached(0, true);
            }
            match.walk(tree.findRoot(empty.space), tokens, length);
        }
        adopt(empty, tokens);
        resume(empty);
        queriedTokens += length;
        hitTokens += empty.length();
        return new Attached(empty.length(), false);
    }

    /// Gives the empty sequence what the last walk has found.
    private void adopt(KvSequence empty, int[] tokens) {
        if (match.length() == 0 || !lockMatch(empty)) {
            tree.unanchor(empty);
            return;
        }
        tables.share(nodes, empty.node, empty, tokens);
        touch(empty);
    }

    /// Has the sequence lock a node that ends where the last walk did.
    ///
    /// @return whether there is a node for that
    private boolean lockMatch(KvSequence empty) {
        if (match.length() == 0) {
            boolean room = evictor.makeNodes(1);
            if (room) {
                tree.anchor(empty, tree.makeRoot(empty.space));
            }
            return room;
        }
        tree.anchor(empty, match.node());
        if (match.length() < nodes.end[empty.node]) {
            if (!evictor.makeNodes(1)) {
                return false;
            }
            tree.anchor(empty, tree.split(empty.node, match.length()));
        }
        return true;
    }

    /// Notes the use of a path and of the window pages at its end.
    private void touch(KvSequence sequence) {
        tree.touch(sequence.node);
        for (int group = 0; group < pools.length; group++) {
            int first = sequence.firstLive[group] * plan.pageSize();
            int at = sequence.node;
            while (tables.windows()[group] > 0 && nodes.end[at] > first) {
                if (nodes.page(at, group) != PagePool.NO_PAGE) {
                    tree.touchWindow(at, group);
                }
                at = nodes.parent[at];
            }
        }
    }

    private static void requireEmpty(KvSequence sequence) {
        if (sequence.length() > 0) {
            throw new IllegalStateException(
                    "a sequence of " + sequence.length() + " positions, expected an empty one");
        }
    }

    // ---- growth -----------------------------------------------------------------------------

    /// Makes pages ready for positions up to `end`, which the next step will write: evicts what
    /// nobody works on, and copies a last page that others have too.
    ///
    /// @return whether there were enough; if not, the sequence is as before
    public boolean reserve(KvSequence sequence, int end) {
        evictor.poll();
        if (end > contextLimit) {
            throw new IllegalArgumentException("%d positions, at most %d fit"
                    .formatted(end, contextLimit));
        }
        tables.forget(sequence);
        for (int group = 0; group < pools.length; group++) {
            if (hopeless(group, tables.missing(sequence, group, end))) {
                return false;
            }
        }
        for (int group = 0; group < pools.length; group++) {
            while (pools[group].freeCount() < tables.missing(sequence, group, end)) {
                if (!evictor.evictFor(group) && !withdraw(sequence)) {
                    return false;
                }
            }
        }
        for (int group = 0; group < pools.length; group++) {
            tables.grow(sequence, group, end);
        }
        return true;
    }

    /// Whether sequences at work have so many pages that evicting all others would be in vain.
    private boolean hopeless(int group, int missing) {
        // One of the missing may be the copy of a page that need not be copied in the end.
        return parking.empty()
                && missing - 1 > pools[group].size() - pools[group].heldPages();
    }

    /// Takes the sequence's partly filled last page out of the tree, unless others need it there,
    /// so that the sequence may write on without a copy for which there is no page.
    private boolean withdraw(KvSequence sequence) {
        int pageStart = sequence.length() - sequence.length() % plan.pageSize();
        if (sequence.published <= pageStart) {
            return false;
        }
        while (sequence.published > pageStart) {
            tree.anchor(sequence, nodes.parent[sequence.node]);
        }
        int last = nodes.child(sequence.node, sequence.token(sequence.published));
        boolean alone = last != TreeNodes.NONE && nodes.children[last] == 0
                && nodes.locks[last] == 0;
        if (alone) {
            tree.remove(last);
        }
        return alone;
    }

    /// Notes that the positions `[from, end)` are computed, from the tokens at those indices of
    /// `tokens`; `from` is the sequence's length. Full pages are published.
    public void commit(KvSequence sequence, int[] tokens, int from, int end) {
        if (from != sequence.length() || end < from) {
            throw new IllegalArgumentException("positions [%d, %d) of a sequence of %d".formatted(
                    from, end, sequence.length()));
        }
        sequence.append(tokens, from, end);
        publish(sequence, end - end % plan.pageSize());
    }

    /// Lets others share also the last page, which is partly filled: at the end of a prompt.
    public void publish(KvSequence sequence) {
        publish(sequence, sequence.length());
    }

    private void publish(KvSequence sequence, int end) {
        while (sequence.published < end) {
            if (!evictor.makeNodes(Evictor.NODES_OF_A_RUN)) {
                // Every node is in use: the sequence keeps its pages to itself.
                return;
            }
            if (sequence.node == TreeNodes.NONE) {
                tree.anchor(sequence, tree.makeRoot(sequence.space));
            }
            int index = sequence.published / plan.pageSize();
            int upto = Math.min(end, (index + 1) * plan.pageSize());
            tables.pagesAt(sequence, index, offered);
            tree.anchor(sequence, tree.publish(sequence.node, sequence.tokens(), upto, offered));
            tables.swap(nodes, sequence.node, sequence);
        }
    }

    /// Makes the empty `child` a second sequence of the same tokens. It shares every page.
    public void fork(KvSequence parent, KvSequence child) {
        requireEmpty(child);
        if (!parent.space.equals(child.space)) {
            throw new IllegalArgumentException("a fork into another cache space");
        }
        tables.forget(parent);
        tables.share(parent, child);
        tree.unanchor(child);
        if (parent.node != TreeNodes.NONE) {
            tree.lock(parent.node);
            child.node = parent.node;
            child.published = parent.published;
        }
    }

    /// Cuts the sequence to at most `length` positions: rejected guesses, edited sessions. Where a
    /// sliding window has forgotten what the next row would have to see, the pages come from the
    /// tree, and the sequence may become shorter than asked.
    public void truncate(KvSequence sequence, int length) {
        if (length >= sequence.length()) {
            tables.cut(sequence, sequence.length());
            return;
        }
        if (!tables.sees(sequence, length)) {
            int[] tokens = Arrays.copyOf(sequence.tokens(), length);
            release(sequence);
            match.walk(tree.findRoot(sequence.space), tokens, length);
            adopt(sequence, tokens);
            return;
        }
        tables.cut(sequence, length);
        while (sequence.published > length) {
            // A lock on the parent first: it may have no other.
            tree.anchor(sequence, nodes.parent[sequence.node]);
        }
        if (length == 0) {
            tree.unanchor(sequence);
        }
    }

    // ---- the end ----------------------------------------------------------------------------

    /// Publishes what the sequence has and gives its pages back. The tree keeps them until others
    /// need them. Closing twice does nothing.
    public void close(KvSequence sequence) {
        publish(sequence);
        leave(sequence);
    }

    /// Preemption: what was computed stays in the tree until it is evicted, then in a tier, and the
    /// sequence is empty and can be attached again.
    public void release(KvSequence sequence) {
        publish(sequence);
        // It will be back, so the disk is worth it.
        tree.markOwn(sequence.node);
        leave(sequence);
    }

    private void leave(KvSequence sequence) {
        evictor.vacate(sequence);
        endPark(sequence);
    }

    /// As [#release], for a session that waits for a tool: the hint decides whether its pages stay,
    /// go to a tier when room is needed, or are the first to go. Resume by attaching it again.
    public void park(KvSequence sequence, ParkHint hint) {
        publish(sequence);
        long now = clock.getAsLong();
        Parking.Holding holding = holding(sequence);
        Optional<Parking.Pin> pin = Optional.empty();
        switch (parking.choose(hint, holding)) {
            case KEEP -> {
                KvSequence kept = open(sequence.space);
                fork(sequence, kept);
                pin = Optional.of(parking.pin(kept, holding.pages(), hint, now));
                tree.markOwn(sequence.node);
            }
            case DEMOTE -> {
                tree.markOwn(sequence.node);
                evictor.writeAhead(sequence.node);
            }
            case DROP -> tree.forsakeOwn(sequence.node);
        }
        leave(sequence);
        sequence.parked = Optional.of(new KvSequence.Parked(hint, now, pin));
    }

    /// What nobody but the sequence has.
    private Parking.Holding holding(KvSequence sequence) {
        int tokens = 0;
        long bytes = 0;
        for (int node = sequence.node; tree.own(node, sequence.node);
                node = nodes.parent[node]) {
            tokens += nodes.end[node] - nodes.start[node];
            for (int group = 0; group < pools.length; group++) {
                bytes += nodes.page(node, group) == PagePool.NO_PAGE ? 0
                        : plan.groups().get(group).bytesPerPage();
            }
        }
        return new Parking.Holding(tokens, Math.ceilDiv(tokens, plan.pageSize()), bytes);
    }

    /// A parked sequence has come back.
    private void resume(KvSequence sequence) {
        sequence.parked.ifPresent(parked -> parking.waits().learn(
                parked.hint().tool(), clock.getAsLong() - parked.sinceNanos()));
        endPark(sequence);
    }

    private void endPark(KvSequence sequence) {
        sequence.parked.flatMap(KvSequence.Parked::pin).filter(parking::pinned)
                .ifPresent(evictor::unpin);
        sequence.parked = Optional.empty();
    }

    // ---- costs and files --------------------------------------------------------------------

    /// Tells what computing a prompt costs, so that reading pages back is only done when cheaper.
    public void prefillMeasured(int tokens, long nanos) {
        costs.prefill(tokens, nanos);
    }

    /// Copies the sequence's tokens and pages, to be written to a file by another thread.
    public SavedSession snapshot(KvSequence sequence) {
        tables.forget(sequence);
        ChunkKey root = tiers.rootKey(sequence.space);
        var chunks = new ArrayList<Chunk>();
        int size = plan.pageSize();
        for (int start = 0; start < sequence.length(); start += size) {
            tables.pagesAt(sequence, start / size, offered);
            chunks.add(new Chunk(root, start, Arrays.copyOfRange(sequence.tokens(), start,
                    Math.min(start + size, sequence.length())), groups(offered),
                    new int[pools.length]));
        }
        SavedSession saved = SavedSession.room(tiers.format(), root, chunks);
        for (Chunk chunk : chunks) {
            for (int group = 0; group < pools.length; group++) {
                if (chunk.has(group)) {
                    int page = sequence.tables[group][chunk.start / size];
                    model.exportPage(group, page, saved.page(chunk, group));
                    chunk.checksums[group] = ChunkFile.checksum(saved.page(chunk, group));
                }
            }
        }
        return saved;
    }

    private static long groups(int[] pages) {
        long groups = 0;
        for (int group = 0; group < pages.length; group++) {
            groups |= pages[group] == PagePool.NO_PAGE ? 0 : 1L << group;
        }
        return groups;
    }

    /// Reads a file that a saved session was written to, perhaps by another process; any thread but
    /// the engine's.
    public SavedSession load(Path file) throws IOException, ForeignCacheException {
        return SavedSession.read(file, tiers.format());
    }

    /// Puts a saved session into the prefix tree of the space it was saved from, as far as there is
    /// room, so that attaching finds it. The saved session may be closed then.
    ///
    /// @return tokens that attaching would reuse now
    public int restore(CacheSpace space, SavedSession saved) {
        if (!saved.root().equals(tiers.rootKey(space))) {
            throw new IllegalArgumentException("a session of another cache space");
        }
        int[] tokens = saved.tokens();
        KvSequence sequence = open(space);
        match.walk(tree.findRoot(space), tokens, 0);
        if (tokens.length <= contextLimit && lockMatch(sequence)) {
            for (Chunk chunk : saved.chunks()) {
                if (!recall.place(sequence, chunk, tokens, tokens.length, saved::page)) {
                    break;
                }
            }
        }
        tree.unanchor(sequence);
        return match(space, tokens, tokens.length);
    }

    /// Writes the sequence's tokens and pages to a file, and waits for the disk; an engine that
    /// serves others meanwhile takes a [#snapshot] instead.
    public void save(KvSequence sequence, Path file) {
        try (SavedSession saved = snapshot(sequence)) {
            saved.write(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": the session was not saved", e);
        }
    }

    /// A sequence from a file that [#save] wrote, perhaps in another process, attached to as much
    /// of it as there is room for. Waits for the disk, as [#load] does on a thread that may.
    public KvSequence restore(CacheSpace space, Path file) throws ForeignCacheException {
        try (SavedSession saved = load(file)) {
            if (!saved.root().equals(tiers.rootKey(space))) {
                throw new ForeignCacheException(file, "a session of another cache space");
            }
            restore(space, saved);
            KvSequence sequence = open(space);
            int[] tokens = saved.tokens();
            attach(sequence, tokens, tokens.length);
            return sequence;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": the session was not read", e);
        }
    }

    /// A sequence of the space that all share.
    public KvSequence restore(Path file) throws ForeignCacheException {
        return restore(CacheSpace.SHARED, file);
    }

    /// What the tiers found at start, and what of it could not be used; for the start-up lines.
    public String tierNote() { return tiers.note(); }

    /// Frees the host tier and ends the thread of the disk tier, once it has written what it was
    /// given.
    @Override
    public void close() {
        tiers.close();
    }

    // ---- the books --------------------------------------------------------------------------

    /// For tests.
    Tiers tiers() { return tiers; }

    public int freePages(int group) { return pools[group].freeCount(); }

    public CacheStats stats() {
        var groups = new ArrayList<CacheStats.Group>();
        for (PagePool pool : pools) {
            groups.add(new CacheStats.Group(
                    pool.size(), pool.freeCount(), pool.treePages(), pool.heldPages()));
        }
        return new CacheStats(groups, queriedTokens, hitTokens, evictor.evictions(),
                tables.copies(), nodes.used(), tiers.stats());
    }

    /// Throws unless the books of pages, nodes and the `live` sequences (those that are not closed)
    /// agree. Slow; for tests.
    public void checkIntegrity(Collection<KvSequence> live) {
        var all = new ArrayList<KvSequence>(live);
        for (Parking.Pin pin : parking.pins()) {
            all.add(pin.kept());
        }
        new TreeCheck(tree, pools, tables.windows()).check(all);
    }
}
