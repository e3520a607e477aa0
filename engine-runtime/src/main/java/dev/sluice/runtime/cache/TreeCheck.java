package dev.sluice.runtime.cache;

import java.util.Arrays;
import java.util.List;

/// Compares the books of the prefix tree, the pools and the sequences. Slow; for tests.
final class TreeCheck {
    private final PrefixTree tree;
    private final TreeNodes nodes;
    private final PagePool[] pools;
    private final int[] windows;

    TreeCheck(PrefixTree tree, PagePool[] pools, int[] windows) {
        this.tree = tree;
        nodes = tree.nodes;
        this.pools = pools;
        this.windows = windows;
    }

    /// Throws [IllegalStateException] at the first thing that is wrong.
    void check(List<KvSequence> live) {
        var used = new boolean[nodes.count()];
        Arrays.fill(used, 1, used.length, true);
        for (int free : nodes.freeNodes()) {
            require(used[free], "node %d is free twice", free);
            used[free] = false;
        }
        checkNodes(used, live);
        for (int group = 0; group < pools.length; group++) {
            checkPages(group, used, live);
        }
        tree.leaves().checkIntegrity();
    }

    private void checkNodes(boolean[] used, List<KvSequence> live) {
        int count = used.length;
        var children = new int[count];
        var locks = new int[count];
        for (KvSequence sequence : live) {
            locks[sequence.node]++;
            checkPath(sequence);
        }
        for (int node = 1; node < count; node++) {
            if (used[node]) {
                children[nodes.parent[node]]++;
                checkRun(node, used);
            }
        }
        require(children[0] == tree.roots().size(), "%d roots", children[0]);
        for (int node = 1; node < count; node++) {
            boolean leaf = used[node] && children[node] == 0 && locks[node] == 0;
            require(!used[node] || nodes.children[node] == children[node],
                    "children of node %d", node);
            require(!used[node] || nodes.locks[node] == locks[node],
                    "node %d: locks do not match the sequences", node);
            require(tree.leaves().contains(node) == leaf,
                    "node %d: evictable is not %s", node, leaf);
        }
    }

    /// The sequence's published tokens are those of its path.
    private void checkPath(KvSequence sequence) {
        int node = sequence.node;
        require(node == TreeNodes.NONE || sequence.length() == 0
                || sequence.published == nodes.end[node], "published %d", sequence.published);
        require(sequence.published <= sequence.length() || sequence.length() == 0,
                "published %d", sequence.published);
        while (node != TreeNodes.NONE && sequence.length() > 0) {
            for (int at = nodes.start[node]; at < nodes.end[node]; at++) {
                require(nodes.token(node, at) == sequence.token(at), "token of position %d", at);
            }
            node = nodes.parent[node];
        }
    }

    private void checkRun(int node, boolean[] used) {
        if (nodes.isRoot(node)) {
            require(nodes.end[node] == 0 && tree.findRoot(tree.space(node)) == node,
                    "root %d", node);
            return;
        }
        int parent = nodes.parent[node];
        require(used[parent] && nodes.start[node] == nodes.end[parent],
                "node %d does not go on from its parent", node);
        require(nodes.end[node] > nodes.start[node]
                && (nodes.end[node] - 1) / nodes.pageSize == nodes.pageIndex(node),
                "run of node %d", node);
        require(nodes.child(parent, nodes.token(node, nodes.start[node])) == node,
                "node %d is not found", node);
    }

    private void checkPages(int group, boolean[] used, List<KvSequence> live) {
        var bySequences = new int[pools[group].size()];
        var byTree = new int[pools[group].size()];
        int queued = 0;
        for (KvSequence sequence : live) {
            for (int i = sequence.firstLive[group]; i < sequence.tableEnd[group]; i++) {
                bySequences[sequence.tables[group][i]]++;
            }
        }
        for (int node = 1; node < used.length; node++) {
            int page = nodes.page(node, group);
            if (used[node] && page != PagePool.NO_PAGE) {
                byTree[page]++;
                queued++;
            }
            require(!used[node] || windows[group] > 0 || nodes.isRoot(node)
                    || page != PagePool.NO_PAGE, "node %d has no page", node);
        }
        pools[group].checkIntegrity(bySequences, byTree);
        require(windows[group] == 0 || tree.windows(group).size() == queued,
                "%d window pages are not queued", queued);
    }

    private static void require(boolean holds, String what, Object... values) {
        if (!holds) {
            throw new IllegalStateException(what.formatted(values));
        }
    }
}
