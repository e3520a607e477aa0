package dev.sluice.runtime.cache;

import java.util.HashMap;
import java.util.Map;

/// The prefixes that can be reused: one radix tree (SGLang, arXiv 2312.07104) per [CacheSpace] over
/// the runs of [TreeNodes], with the pages that hold them. Deviates from the paper in that a run
/// ends where its page ends, at the latest, and that matching is token-granular.
///
/// A node's page holds every position of its path that lies in that page, so of several nodes in
/// one page the deepest one's page is enough. Every node has a page of each group that sees all
/// positions; of a window group it may have none, and a match must end where the window is whole.
///
/// Evicts nothing by itself, apart from window pages on request: [KvCache] decides. Methods that
/// make nodes need as many free ones as they say. Nothing is allocated but roots' map entries.
/// Engine thread only.
final class PrefixTree {
    private static final int NONE = TreeNodes.NONE;

    final TreeNodes nodes;
    private final PagePool[] pools;
    private final boolean[] windowed;
    private final WindowQueue[] windows;
    private final LeafQueue leaves;
    private final Map<CacheSpace, Integer> roots = new HashMap<>();
    private final CacheSpace[] spaces;
    private long clock;

    /// @param windowed  whether the group of that pool sees a window only
    PrefixTree(TreeNodes nodes, PagePool[] pools, boolean[] windowed) {
        this.nodes = nodes;
        this.pools = pools;
        this.windowed = windowed;
        leaves = new LeafQueue(nodes.lastUse);
        spaces = new CacheSpace[nodes.count()];
        windows = new WindowQueue[pools.length];
        for (int group = 0; group < pools.length; group++) {
            windows[group] = new WindowQueue(windowed[group] ? nodes.count() : 1);
        }
    }

    // ---- roots, locks and use ---------------------------------------------------------------

    /// The root of a space, or [TreeNodes#NONE] when nothing of it was published.
    int findRoot(CacheSpace space) {
        return roots.getOrDefault(space, NONE);
    }

    /// The root of a space; may take one free node.
    int makeRoot(CacheSpace space) {
        int root = findRoot(space);
        if (root == NONE) {
            root = nodes.allocate(NONE, 0, 0);
            nodes.lastUse[root] = ++clock;
            spaces[root] = space;
            roots.put(space, root);
            settle(root);
        }
        return root;
    }

    /// The space that a node belongs to.
    CacheSpace space(int node) {
        int root = node;
        while (!nodes.isRoot(root)) {
            root = nodes.parent[root];
        }
        return spaces[root];
    }

    /// Keeps the node, and so its whole path, from being evicted.
    void lock(int node) {
        nodes.locks[node]++;
        settle(node);
    }

    void unlock(int node) {
        nodes.locks[node]--;
        tidy(node);
    }

    /// Notes that a path was used. Its inner nodes inherit the time when they become leaves.
    void touch(int node) {
        nodes.lastUse[node] = ++clock;
        if (leaves.contains(node)) {
            leaves.moved(node);
        }
    }

    /// Makes a node the first to be evicted once it is an unlocked leaf.
    void forsake(int node) {
        nodes.lastUse[node] = 0;
        if (leaves.contains(node)) {
            leaves.moved(node);
        }
    }

    /// Notes that a window page was part of a match.
    void touchWindow(int node, int group) {
        windows[group].touch(node);
    }

    /// Puts a node among the leaves that may be evicted, or takes it from there.
    private void settle(int node) {
        boolean evictable = nodes.children[node] == 0 && nodes.locks[node] == 0;
        if (evictable != leaves.contains(node)) {
            if (evictable) {
                leaves.add(node);
            } else {
                leaves.remove(node);
            }
        }
    }

    /// After a node has lost a lock or a child: a leaf may be evicted, and a node that nobody ends
    /// at and nothing branches from becomes part of its only child.
    private void tidy(int node) {
        settle(node);
        if (nodes.locks[node] > 0 || nodes.children[node] != 1 || nodes.isRoot(node)) {
            return;
        }
        int child = nodes.childMix[node];
        if (nodes.pageIndex(child) == nodes.pageIndex(node)) {
            merge(node, child);
        }
    }

    private void merge(int upper, int lower) {
        nodes.unlink(lower);
        nodes.unlink(upper);
        nodes.copyTokens(upper, lower, nodes.start[upper], nodes.end[upper]);
        nodes.start[lower] = nodes.start[upper];
        nodes.parent[lower] = nodes.parent[upper];
        nodes.keep[lower] |= nodes.keep[upper];
        nodes.link(lower);
        if (nodes.lastUse[lower] < nodes.lastUse[upper]) {
            nodes.lastUse[lower] = nodes.lastUse[upper];
            if (leaves.contains(lower)) {
                leaves.moved(lower);
            }
        }
        dropPages(upper);
        nodes.free(upper);
    }

    // ---- growth -----------------------------------------------------------------------------

    /// Cuts a node at position `middle`, inside its run. The node keeps its number, its children
    /// and its locks as the lower part; both have its pages. Takes one free node.
    ///
    /// @return the upper part
    int split(int node, int middle) {
        nodes.unlink(node);
        int upper = nodes.allocate(nodes.parent[node], nodes.start[node], middle);
        nodes.copyTokens(node, upper, nodes.start[node], middle);
        nodes.lastUse[upper] = nodes.lastUse[node];
        nodes.keep[upper] = nodes.keep[node];
        nodes.link(upper);
        nodes.start[node] = middle;
        nodes.parent[node] = upper;
        nodes.link(node);
        for (int group = 0; group < pools.length; group++) {
            page(upper, group, nodes.page(node, group));
        }
        return upper;
    }

    /// Makes the run from the end of `from` to `upto`, all in one page, part of the tree. What is
    /// there already stays; the rest gets the pages offered, which hold all of the path that lies
    /// in that page. Takes up to two free nodes; `from` must be locked.
    ///
    /// @param tokens   indexed by position
    /// @param offered  page of each group, or [PagePool#NO_PAGE]
    /// @return the node that ends at `upto`
    int publish(int from, int[] tokens, int upto, int[] offered) {
        int node = from;
        while (nodes.end[node] < upto) {
            int child = nodes.child(node, tokens[nodes.end[node]]);
            if (child == NONE) {
                child = append(node, tokens, upto);
            } else {
                int end = nodes.start[child] + nodes.common(child, tokens, upto);
                child = end < nodes.end[child] ? split(child, end) : child;
            }
            node = child;
        }
        for (int group = 0; group < pools.length; group++) {
            if (nodes.page(node, group) == PagePool.NO_PAGE) {
                page(node, group, offered[group]);
            }
        }
        unify(node);
        touch(node);
        return node;
    }

    private int append(int parent, int[] tokens, int upto) {
        int node = nodes.allocate(parent, nodes.end[parent], upto);
        nodes.tokens(node, tokens, nodes.start[node], upto);
        nodes.lastUse[node] = ++clock;
        nodes.link(node);
        settle(parent);
        settle(node);
        return node;
    }

    /// Lets the nodes above in the same page have the deepest one's page too, so that the one they
    /// had, with the same bits as far as it goes, is free for others.
    private void unify(int deepest) {
        int index = nodes.pageIndex(deepest);
        int node = nodes.parent[deepest];
        while (!nodes.isRoot(node) && nodes.pageIndex(node) == index) {
            for (int group = 0; group < pools.length; group++) {
                int page = nodes.page(deepest, group);
                if (page != PagePool.NO_PAGE) {
                    page(node, group, page);
                }
            }
            node = nodes.parent[node];
        }
    }

    // ---- pages ------------------------------------------------------------------------------

    /// Gives a node another page of a group, or none.
    private void page(int node, int group, int page) {
        int old = nodes.page(node, group);
        if (old == page) {
            return;
        }
        if (page != PagePool.NO_PAGE) {
            pools[group].retainForTree(page);
        }
        if (old != PagePool.NO_PAGE) {
            pools[group].releaseFromTree(old);
        }
        nodes.page(node, group, page);
        if (windowed[group] && old == PagePool.NO_PAGE) {
            windows[group].add(node);
        } else if (windowed[group] && page == PagePool.NO_PAGE) {
            windows[group].remove(node);
        }
    }

    private void dropPages(int node) {
        for (int group = 0; group < pools.length; group++) {
            page(node, group, PagePool.NO_PAGE);
        }
    }

    /// Drops the least recently used page of a window group that no sequence has. The node stays.
    ///
    /// @return whether there was one
    boolean dropWindowPage(int group) {
        if (!windowed[group]) {
            return false;
        }
        for (int i = windows[group].size(); i > 0; i--) {
            int node = windows[group].first();
            if (!pools[group].held(nodes.page(node, group))) {
                page(node, group, PagePool.NO_PAGE);
                return true;
            }
            // What a sequence has is in use.
            windows[group].touch(node);
        }
        return false;
    }

    // ---- eviction ---------------------------------------------------------------------------

    /// Whether there is an unlocked leaf.
    boolean hasLeaf() { return leaves.size() > 0; }

    /// The least recently used unlocked leaf; there is one.
    int coldest() { return leaves.first(); }

    /// Removes an unlocked leaf and gives its pages back.
    void remove(int leaf) {
        leaves.remove(leaf);
        dropPages(leaf);
        int parent = nodes.parent[leaf];
        if (parent == NONE) {
            roots.remove(spaces[leaf]);
        } else {
            nodes.unlink(leaf);
            nodes.lastUse[parent] = Math.max(nodes.lastUse[parent], nodes.lastUse[leaf]);
            tidy(parent);
        }
        nodes.free(leaf);
    }

    /// The books, for [TreeCheck].
    LeafQueue leaves() { return leaves; }

    WindowQueue windows(int group) { return windows[group]; }

    Map<CacheSpace, Integer> roots() { return roots; }
}
