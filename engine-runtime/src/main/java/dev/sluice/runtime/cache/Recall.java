package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import java.util.List;
import java.util.function.LongSupplier;

/// Brings chunks of a prompt back from the tiers into the prefix tree, where attaching finds them.
/// Engine thread only.
final class Recall {
    /// A disk that gives nothing for so long is not waited for any longer.
    private static final long PATIENCE_NANOS = 5_000_000_000L;
    /// Files asked for ahead of the one that is needed next.
    private static final int READ_AHEAD = 8;

    private final CausalLm model;
    private final PrefixTree tree;
    private final TreeNodes nodes;
    private final PagePool[] pools;
    private final int[] windows;
    private final Tiers tiers;
    private final Evictor evictor;
    private final Costs costs;
    private final LongSupplier clock;
    private final int[] offered;

    Recall(CausalLm model, PrefixTree tree, PagePool[] pools, Tiers tiers, Evictor evictor,
            CostClock costClock) {
        this.model = model;
        this.tree = tree;
        nodes = tree.nodes;
        this.pools = pools;
        windows = new int[pools.length];
        for (int group = 0; group < windows.length; group++) {
            windows[group] = model.kvPlan().groups().get(group).window();
        }
        this.tiers = tiers;
        this.evictor = evictor;
        costs = costClock.costs();
        clock = costClock.clock();
        offered = new int[pools.length];
    }

    /// What time costs, and what time it is.
    record CostClock(Costs costs, LongSupplier clock) {}

    /// Chunks that go on from a match, and how far they reach.
    record Plan(List<Chunk> chunks, int reach) {
        static final Plan NONE = new Plan(List.of(), 0);
    }

    /// What the tiers have behind `match`, if reading it is worth it.
    Plan plan(PrefixMatch match, CacheSpace space, int[] tokens, int limit) {
        if (tiers.empty()) {
            return Plan.NONE;
        }
        int from = match.length();
        List<Chunk> chunks = tiers.find(key(match, space, tokens), tokens, from, limit);
        for (int count = chunks.size(); count > 0; count--) {
            Chunk last = chunks.get(count - 1);
            int reach = last.start + last.common(tokens, limit);
            List<Chunk> used = chunks.subList(0, count);
            if (windowsWhole(match, used, reach)) {
                return tiers.worthwhile(used, reach - from) ? new Plan(used, reach) : Plan.NONE;
            }
        }
        return Plan.NONE;
    }

    /// The key of the path before the page that the match goes on in.
    private ChunkKey key(PrefixMatch match, CacheSpace space, int[] tokens) {
        if (match.length() == 0) {
            return tiers.rootKey(space);
        }
        ChunkKey key = tiers.keyBefore(match.node(), space);
        return match.length() % nodes.pageSize == 0
                ? tiers.next(key, tokens, match.length() - nodes.pageSize) : key;
    }

    /// Whether a row at position `reach` finds the window pages it sees, in the chunks or before
    /// them on the path that matched.
    private boolean windowsWhole(PrefixMatch match, List<Chunk> chunks, int reach) {
        int firstIndex = chunks.getFirst().start / nodes.pageSize;
        for (int group = 0; group < windows.length; group++) {
            int needed = firstNeeded(group, reach);
            if (windows[group] > 0) {
                for (int i = Math.max(0, needed - firstIndex); i < chunks.size(); i++) {
                    if (!chunks.get(i).has(group)) {
                        return false;
                    }
                }
                if (!resident(match, group, needed, firstIndex)) {
                    return false;
                }
            }
        }
        return true;
    }

    private int firstNeeded(int group, int reach) {
        return windows[group] == 0 ? 0
                : Math.max(0, reach - Math.max(windows[group], 2) + 1) / nodes.pageSize;
    }

    /// Whether the path that matched has its pages of indices `[first, end)`.
    private boolean resident(PrefixMatch match, int group, int first, int end) {
        int index = end;
        int at = match.node();
        while (index > first && at != TreeNodes.NONE && !nodes.isRoot(at)) {
            if (nodes.pageIndex(at) < index) {
                if (nodes.page(at, group) == PagePool.NO_PAGE) {
                    return false;
                }
                index = nodes.pageIndex(at);
            }
            at = nodes.parent[at];
        }
        return index <= first;
    }

    /// Puts the plan's chunks behind the node that the sequence has locked, as far as they are in
    /// host memory, and asks for the files of the others.
    ///
    /// @return whether more is being read
    boolean restore(KvSequence empty, Plan plan, int[] tokens) {
        tiers.hold(plan.chunks);
        try {
            return placeAll(empty, plan, tokens);
        } finally {
            tiers.letGo(plan.chunks);
        }
    }

    private boolean placeAll(KvSequence empty, Plan plan, int[] tokens) {
        long now = clock.getAsLong();
        for (int i = 0; i < plan.chunks.size(); i++) {
            Chunk chunk = plan.chunks.get(i);
            if (!tiers.ready(chunk)) {
                fetch(plan.chunks, i);
                empty.loadingSince = i > 0 || !empty.loading ? now : empty.loadingSince;
                empty.loading = now - empty.loadingSince < PATIENCE_NANOS;
                return empty.loading;
            }
            if (!tiers.sound(chunk) || !place(empty, chunk, tokens, plan.reach, tiers::page)) {
                break;
            }
            int end = chunk.start + chunk.tokens.length;
            tiers.restored(chunk, end <= plan.reach);
        }
        empty.loading = false;
        return false;
    }

    private void fetch(List<Chunk> chunks, int from) {
        for (int i = from; i < Math.min(chunks.size(), from + READ_AHEAD); i++) {
            tiers.fetch(chunks.get(i));
        }
    }

    /// Copies a chunk's pages into the pool and makes them part of the tree.
    ///
    /// @param reach  up to which positions will be attached
    /// @return whether there was room
    boolean place(KvSequence empty, Chunk chunk, int[] tokens, int reach,
            ChunkFile.Pages from) {
        long begin = clock.getAsLong();
        int upto = Math.min(reach, chunk.start + chunk.tokens.length);
        java.util.Arrays.fill(offered, PagePool.NO_PAGE);
        boolean room = evictor.makeNodes(Evictor.NODES_OF_A_RUN) && take(chunk, reach);
        if (room) {
            long bytes = 0;
            for (int group = 0; group < pools.length; group++) {
                if (offered[group] != PagePool.NO_PAGE) {
                    model.importPage(group, offered[group], from.page(chunk, group));
                    bytes += model.pageBytes(group);
                }
            }
            tree.anchor(empty, tree.publish(empty.node, tokens, upto, offered));
            costs.host(Math.max(1, bytes), clock.getAsLong() - begin);
        }
        for (int group = 0; group < pools.length; group++) {
            if (offered[group] != PagePool.NO_PAGE) {
                // The tree has its own reference by now.
                pools[group].release(offered[group]);
            }
        }
        return room;
    }

    /// Allocates a page for each group whose page will be seen.
    private boolean take(Chunk chunk, int reach) {
        for (int group = 0; group < pools.length; group++) {
            if (chunk.has(group)
                    && chunk.start / nodes.pageSize >= firstNeeded(group, reach)) {
                while (pools[group].freeCount() == 0) {
                    if (!evictor.evictFor(group)) {
                        return false;
                    }
                }
                offered[group] = pools[group].allocate();
            }
        }
        return true;
    }
}
