package dev.sluice.runtime.cache;

import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/// Makes room: decides what goes when pages or nodes run out. First the least recently used leaf
/// that nobody has locked (or, in a window group, a page that nobody sees any more), which the
/// tiers may take in; then the pages kept for parked sessions. What a sequence works on never goes.
/// Engine thread only.
final class Evictor {
    /// Nodes that publishing a run may take: a root, the upper part of a split, a new run.
    static final int NODES_OF_A_RUN = 3;

    /// Copying a chunk for the disk takes about a millisecond of a large model's step.
    private static final int WRITES_OF_A_CALL = 4;

    private final PrefixTree tree;
    private final TreeNodes nodes;
    private final PageTables tables;
    private final Tiers tiers;
    private final Parking parking;
    private final LongSupplier clock;
    /// Nodes that parked sessions left behind, to be written to disk while there is time.
    private final ArrayDeque<Integer> ahead = new ArrayDeque<>();
    private long evictions;

    Evictor(PrefixTree tree, PageTables tables, Tiers tiers, Parking parking,
            LongSupplier clock) {
        this.tree = tree;
        nodes = tree.nodes;
        this.tables = tables;
        this.tiers = tiers;
        this.parking = parking;
        this.clock = clock;
    }

    /// Leaves and window pages given up.
    long evictions() { return evictions; }

    /// Gives up one thing that may hold pages of the group.
    ///
    /// @return whether there was one
    boolean evictFor(int group) {
        releaseLatePins();
        boolean evicted = give(group);
        while (!evicted && !parking.empty()) {
            unpin(parking.weakest(clock.getAsLong()));
            evicted = give(group);
        }
        return evicted;
    }

    private boolean give(int group) {
        return tables.windows()[group] > 0 ? giveWindowPage(group) : giveLeaf();
    }

    private boolean giveWindowPage(int group) {
        boolean dropped = tree.dropWindowPage(group);
        evictions += dropped ? 1 : 0;
        return dropped;
    }

    private boolean giveLeaf() {
        if (!tree.hasLeaf()) {
            return false;
        }
        int leaf = tree.coldest();
        if (tiers.enabled() && nodes.lastUse[leaf] != 0) {
            tiers.demote(leaf, tree.space(leaf));
        }
        tree.remove(leaf);
        evictions++;
        return true;
    }

    /// Makes sure that so many nodes are free, if that is possible.
    ///
    /// @return whether it is
    boolean makeNodes(int count) {
        boolean more = true;
        while (more && nodes.freeCount() < count) {
            more = giveLeaf();
        }
        return nodes.freeCount() >= count;
    }

    /// Has the nodes that only the sequence ending at `end` has written to disk by and by, so that
    /// evicting them takes no time later.
    void writeAhead(int end) {
        for (int node = end; tree.own(node, end) && ahead.size() < nodes.count();
                node = nodes.parent[node]) {
            ahead.add(node);
        }
        writeSome();
    }

    /// Collects what the disk has done and gives it more to do.
    void poll() {
        tiers.poll();
        writeSome();
    }

    private void writeSome() {
        for (int i = 0; i < WRITES_OF_A_CALL && !ahead.isEmpty() && tiers.canWriteAhead(); i++) {
            int node = ahead.poll();
            // A node that was evicted meanwhile, or is another's now, is not marked.
            if (nodes.keep[node]) {
                tiers.demote(node, tree.space(node));
            }
        }
    }

    private void releaseLatePins() {
        while (!parking.empty() && parking.late(
                parking.weakest(clock.getAsLong()), clock.getAsLong())) {
            unpin(parking.weakest(clock.getAsLong()));
        }
    }

    /// Gives back what was kept for a parked session; the tree has it until it is evicted.
    void unpin(Parking.Pin pin) {
        parking.unpin(pin);
        vacate(pin.kept());
    }

    /// Gives a sequence's pages and its lock back.
    void vacate(KvSequence sequence) {
        tables.cut(sequence, 0);
        tree.unanchor(sequence);
    }
}
