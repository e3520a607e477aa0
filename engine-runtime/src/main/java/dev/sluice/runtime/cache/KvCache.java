package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Hands a model's KV pages to sequences, keeps what they computed for those that begin alike, and
/// takes it back, least recently used first, when pages run out. What a sequence works on is never
/// taken. Numbers of pages only: the bytes live with the model.
///
/// The life of a sequence: [#open], [#attach] to what is known of its prompt, then for each step
/// [#reserve], the forward pass and [#commit]; [#publish] at the end of a prompt, [#close] in the
/// end. A step of a sequence that has its pages allocates nothing. Engine thread only, but for
/// [#open] and [#contextLimit].
public final class KvCache implements AutoCloseable {
    /// Nodes that one call may take: a root, the upper part of a split, a new run.
    private static final int NODES_OF_A_CALL = 3;

    private final KvPlan plan;
    private final PagePool[] pools;
    private final PageTables tables;
    private final TreeNodes nodes;
    private final PrefixTree tree;
    private final PrefixMatch match;
    private final int contextLimit;
    private final int[] offered;
    private long queriedTokens;
    private long hitTokens;
    private long evictedPages;

    /// For the pages of `model`; what the pool has no room for goes to `tiers`.
    public KvCache(CausalLm model, KvTiers tiers) {
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
        // A node per page, and as many again for runs that end inside a page.
        nodes = new TreeNodes(2 * mostPages + 2 * NODES_OF_A_CALL, groups, plan.pageSize());
        tree = new PrefixTree(nodes, pools, windowed);
        match = new PrefixMatch(nodes, tables.windows());
        offered = new int[groups];
    }

    /// Most positions of one sequence: what the model was made for and what its pages hold.
    public int contextLimit() { return contextLimit; }

    /// An empty sequence; any thread.
    public KvSequence open(CacheSpace space) {
        return new KvSequence(
                space, pools.length, Math.ceilDiv(contextLimit, plan.pageSize()));
    }

    // ---- reuse ------------------------------------------------------------------------------

    /// Tokens at the start of `tokens[0, length)` that attaching would reuse now.
    public int match(CacheSpace space, int[] tokens, int length) {
        match.walk(tree.findRoot(space), tokens, length);
        if (match.length() > 0) {
            tree.touch(match.node());
        }
        return match.length();
    }

    /// Makes the empty sequence share the longest known prefix of `tokens[0, length)`, and keeps
    /// that from being evicted. Leave a token out of `length` to get logits.
    public Attached attach(KvSequence empty, int[] tokens, int length) {
        requireEmpty(empty);
        unanchor(empty);
        queriedTokens += length;
        match.walk(tree.findRoot(empty.space), tokens, length);
        if (match.length() == 0) {
            return new Attached(0, false);
        }
        hitTokens += adopt(empty, tokens);
        return new Attached(empty.length(), false);
    }

    /// Gives the empty sequence what the last walk has found.
    private int adopt(KvSequence empty, int[] tokens) {
        anchor(empty, match.node());
        if (match.length() < nodes.end[empty.node]) {
            makeNodes();
            if (nodes.freeCount() == 0) {
                unanchor(empty);
                return 0;
            }
            anchor(empty, tree.split(empty.node, match.length()));
        }
        tables.share(nodes, empty.node, empty, tokens);
        touch(empty);
        return empty.length();
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

    /// Locks `node` as the end of what the sequence has published.
    private void anchor(KvSequence sequence, int node) {
        tree.lock(node);
        unanchor(sequence);
        sequence.node = node;
        sequence.published = nodes.end[node];
    }

    private void unanchor(KvSequence sequence) {
        if (sequence.node != TreeNodes.NONE) {
            tree.unlock(sequence.node);
            sequence.node = TreeNodes.NONE;
        }
        sequence.published = 0;
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
        if (end > contextLimit) {
            throw new IllegalArgumentException("%d positions, at most %d fit"
                    .formatted(end, contextLimit));
        }
        tables.forget(sequence);
        for (int group = 0; group < pools.length; group++) {
            while (pools[group].freeCount() < tables.missing(sequence, group, end)) {
                if (!evictFor(group) && !withdraw(sequence)) {
                    return false;
                }
            }
        }
        for (int group = 0; group < pools.length; group++) {
            tables.grow(sequence, group, end);
        }
        return true;
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
            makeNodes();
            if (nodes.freeCount() < NODES_OF_A_CALL) {
                // Every node is in use: the sequence keeps its pages to itself.
                return;
            }
            if (sequence.node == TreeNodes.NONE) {
                anchor(sequence, tree.makeRoot(sequence.space));
            }
            int index = sequence.published / plan.pageSize();
            int upto = Math.min(end, (index + 1) * plan.pageSize());
            tables.pagesAt(sequence, index, offered);
            anchor(sequence, tree.publish(sequence.node, sequence.tokens(), upto, offered));
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
        unanchor(child);
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
            int[] tokens = java.util.Arrays.copyOf(sequence.tokens(), length);
            release(sequence);
            match.walk(tree.findRoot(sequence.space), tokens, length);
            if (match.length() > 0) {
                adopt(sequence, tokens);
            }
            return;
        }
        tables.cut(sequence, length);
        while (sequence.published > length) {
            // A lock on the parent first: it may have no other.
            anchor(sequence, nodes.parent[sequence.node]);
        }
        if (length == 0) {
            unanchor(sequence);
        }
    }

    // ---- the end ----------------------------------------------------------------------------

    /// Publishes what the sequence has and gives its pages back. The tree keeps them until others
    /// need them. Closing twice does nothing.
    public void close(KvSequence sequence) {
        release(sequence);
    }

    /// Preemption: what was computed stays in the tree until it is evicted, and the sequence is
    /// empty and can be attached again.
    public void release(KvSequence sequence) {
        publish(sequence);
        tables.cut(sequence, 0);
        unanchor(sequence);
    }

    /// As [#release], for a session that waits for a tool: the hint decides whether its pages stay,
    /// go to a tier or are the first to go. Resume by attaching.
    public void park(KvSequence sequence, ParkHint hint) {
        release(sequence);
    }

    // ---- eviction ---------------------------------------------------------------------------

    /// Gives up one thing that may hold pages of the group: of a window group a page that no
    /// sequence has, otherwise the least recently used leaf.
    private boolean evictFor(int group) {
        boolean evicted = tables.windows()[group] > 0 ? tree.dropWindowPage(group) : evictLeaf();
        evictedPages += evicted ? 1 : 0;
        return evicted;
    }

    /// Takes the sequence's partly filled last page out of the tree, unless others need it there,
    /// so that the sequence may write on without a copy for which there is no page.
    private boolean withdraw(KvSequence sequence) {
        int pageStart = sequence.length() - sequence.length() % plan.pageSize();
        if (sequence.published <= pageStart) {
            return false;
        }
        while (sequence.published > pageStart) {
            anchor(sequence, nodes.parent[sequence.node]);
        }
        int last = nodes.child(sequence.node, sequence.token(sequence.published));
        boolean alone = last != TreeNodes.NONE && nodes.children[last] == 0
                && nodes.locks[last] == 0;
        if (alone) {
            tree.remove(last);
        }
        return alone;
    }

    private boolean evictLeaf() {
        if (!tree.hasLeaf()) {
            return false;
        }
        tree.remove(tree.coldest());
        return true;
    }

    private void makeNodes() {
        boolean more = true;
        while (more && nodes.freeCount() < NODES_OF_A_CALL) {
            more = evictLeaf();
        }
    }

    // ---- costs and files --------------------------------------------------------------------

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

    /// Frees the host tier and ends its thread.
    @Override
    public void close() {
    }

    // ---- the books --------------------------------------------------------------------------

    public int freePages(int group) { return pools[group].freeCount(); }

    public CacheStats stats() {
        var groups = new ArrayList<CacheStats.Group>();
        for (PagePool pool : pools) {
            groups.add(new CacheStats.Group(
                    pool.size(), pool.freeCount(), pool.treePages(), pool.heldPages()));
        }
        return new CacheStats(groups, queriedTokens, hitTokens, evictedPages, tables.copies(),
                nodes.used(), CacheStats.Tiers.NONE);
    }

    /// Throws unless the books of pages, nodes and the `live` sequences (those that are not closed)
    /// agree. Slow; for tests.
    public void checkIntegrity(Collection<KvSequence> live) {
        new TreeCheck(tree, pools, tables.windows()).check(List.copyOf(live));
    }
}
