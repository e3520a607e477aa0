package dev.sluice.runtime.cache;

import java.util.Arrays;

/// The nodes of all prefix trees of a cache, in arrays that are allocated once. A node is a run of
/// tokens within one page, so that a page is the unit of eviction and of growth:
///
///     pages of 4     |0 1 2 3|4 5 6 7|8 9
///     one prompt     [ a    ] [ b   ] [c]          a <- b <- c
///     two prompts    [ a    ] [b][ d ]             b ends where they differ; the pages of d and
///                                [ e] [ f          e have b's positions too and supersede b's
///
/// Node 0 does not exist and stands for none. A child is found by its parent and its first token in
/// one hash table (open addressing, linear probing). Engine thread only.
final class TreeNodes {
    static final int NONE = 0;

    final int groups;
    final int pageSize;
    final int[] parent;
    /// First position of the run.
    final int[] start;
    /// Behind its last position; `start == end` only for roots.
    final int[] end;
    final int[] children;
    /// All children's numbers, exclusive-or'ed: of an only child, its number.
    final int[] childMix;
    /// Sequences whose published tokens end here.
    final int[] locks;
    final long[] lastUse;
    /// Whether the run is worth a disk's page when it is evicted.
    final boolean[] keep;
    /// The key of the path before the node's page, where [Tiers] have asked for it; else zeros.
    final long[] keyHigh;
    final long[] keyLow;
    private final int[] tokens;
    private final int[] pages;
    private final int[] free;
    private int freeCount;
    private final int[] table;

    TreeNodes(int nodes, int groups, int pageSize) {
        this.groups = groups;
        this.pageSize = pageSize;
        int count = nodes + 1;
        parent = new int[count];
        start = new int[count];
        end = new int[count];
        children = new int[count];
        childMix = new int[count];
        locks = new int[count];
        lastUse = new long[count];
        keep = new boolean[count];
        keyHigh = new long[count];
        keyLow = new long[count];
        tokens = new int[count * pageSize];
        pages = new int[count * groups];
        free = new int[nodes];
        for (int i = 0; i < nodes; i++) {
            free[i] = nodes - i;
        }
        freeCount = nodes;
        table = new int[Integer.highestOneBit(count) * 4];
    }

    int count() { return parent.length; }

    int freeCount() { return freeCount; }

    int used() { return free.length - freeCount; }

    /// A node without pages, children and locks. The caller has seen that one is free.
    int allocate(int ofParent, int from, int to) {
        int node = free[--freeCount];
        parent[node] = ofParent;
        start[node] = from;
        end[node] = to;
        children[node] = 0;
        childMix[node] = 0;
        locks[node] = 0;
        keep[node] = false;
        keyHigh[node] = 0;
        keyLow[node] = 0;
        Arrays.fill(pages, node * groups, (node + 1) * groups, PagePool.NO_PAGE);
        return node;
    }

    void free(int node) {
        keep[node] = false;
        free[freeCount++] = node;
    }

    int page(int node, int group) { return pages[node * groups + group]; }

    void page(int node, int group, int page) { pages[node * groups + group] = page; }

    /// Index of the page that the run is in.
    int pageIndex(int node) { return start[node] / pageSize; }

    int token(int node, int position) {
        return tokens[node * pageSize + position % pageSize];
    }

    /// Sets the tokens of positions `[from, to)`, which lie in the node's page, from `source`,
    /// which is indexed by position.
    void tokens(int node, int[] source, int from, int to) {
        System.arraycopy(source, from, tokens, node * pageSize + from % pageSize, to - from);
    }

    void copyTokens(int fromNode, int toNode, int from, int to) {
        System.arraycopy(tokens, fromNode * pageSize + from % pageSize, tokens,
                toNode * pageSize + from % pageSize, to - from);
    }

    /// The path's tokens from the start of the node's page to the node's end.
    int[] pageTokens(int node) {
        int[] found = new int[end[node] - pageIndex(node) * pageSize];
        int first = end[node] - found.length;
        for (int at = node; end[at] > first; at = parent[at]) {
            System.arraycopy(tokens, at * pageSize + start[at] - first, found, start[at] - first,
                    end[at] - start[at]);
        }
        return found;
    }

    /// Tokens of the run that equal `source` (indexed by position) up to position `limit`.
    int common(int node, int[] source, int limit) {
        int length = Math.min(end[node], limit) - start[node];
        int from = node * pageSize + start[node] % pageSize;
        int mismatch = Arrays.mismatch(
                tokens, from, from + length, source, start[node], start[node] + length);
        return mismatch < 0 ? length : mismatch;
    }

    /// The child whose run begins with `token`, or [#NONE].
    int child(int node, int token) {
        for (int i = slot(node, token);; i = i + 1 & table.length - 1) {
            int found = table[i];
            if (found == NONE || parent[found] == node && token(found, start[found]) == token) {
                return found;
            }
        }
    }

    /// Enters a node among its parent's children.
    void link(int node) {
        int i = slot(parent[node], token(node, start[node]));
        while (table[i] != NONE) {
            i = i + 1 & table.length - 1;
        }
        table[i] = node;
        children[parent[node]]++;
        childMix[parent[node]] ^= node;
    }

    /// Takes a node from its parent's children, and moves up those that it displaced (Knuth, 6.4,
    /// algorithm R), so that no marks of removed entries are needed.
    void unlink(int node) {
        int mask = table.length - 1;
        int hole = slot(parent[node], token(node, start[node]));
        while (table[hole] != node) {
            hole = hole + 1 & mask;
        }
        for (int i = hole + 1 & mask; table[i] != NONE; i = i + 1 & mask) {
            int home = slot(parent[table[i]], token(table[i], start[table[i]]));
            if ((i - home & mask) >= (i - hole & mask)) {
                table[hole] = table[i];
                hole = i;
            }
        }
        table[hole] = NONE;
        children[parent[node]]--;
        childMix[parent[node]] ^= node;
    }

    private int slot(int node, int token) {
        long mixed = (node * 0x9E3779B97F4A7C15L + token) * 0xD1B54A32D192ED03L;
        return (int) (mixed >>> 32) & table.length - 1;
    }

    boolean isRoot(int node) { return parent[node] == NONE; }

    int[] freeNodes() { return Arrays.copyOf(free, freeCount); }
}
