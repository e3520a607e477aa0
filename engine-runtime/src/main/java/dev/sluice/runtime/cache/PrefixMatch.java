package dev.sluice.runtime.cache;

/// How far the tree has a prompt: a walk from the root, and where it may stop. Filled anew by each
/// [#walk], so nothing is allocated. Engine thread only.
final class PrefixMatch {
    private final TreeNodes nodes;
    private final int[] windowSizes;
    /// Per group, the first position from which on the pages of the walk's path are all there.
    private final int[] whole;
    private int node;
    private int length;

    /// @param windowSizes  positions that a row of each group sees; 0 for all
    PrefixMatch(TreeNodes nodes, int[] windowSizes) {
        this.nodes = nodes;
        this.windowSizes = windowSizes;
        whole = new int[windowSizes.length];
    }

    /// The node that has the match's last token, or the root.
    int node() { return node; }

    /// Tokens that match, of which the next row finds all it sees.
    int length() { return length; }

    /// Finds the longest prefix of `tokens[0, limit)` under `root`. Where window groups lack pages
    /// it is shorter than the tokens that match.
    void walk(int root, int[] tokens, int limit) {
        node = root;
        length = 0;
        java.util.Arrays.fill(whole, 0);
        if (root == TreeNodes.NONE) {
            return;
        }
        int at = root;
        int reach = 0;
        while (reach < limit && reach == nodes.end[at]) {
            int child = nodes.child(at, tokens[reach]);
            if (child == TreeNodes.NONE) {
                return;
            }
            reach += nodes.common(child, tokens, limit);
            at = child;
            pass(child, reach);
            if (windowsWhole(reach)) {
                node = child;
                length = reach;
            }
        }
    }

    private void pass(int child, int reach) {
        for (int group = 0; group < whole.length; group++) {
            boolean has = nodes.page(child, group) != PagePool.NO_PAGE;
            whole[group] = has
                    ? Math.min(whole[group], nodes.pageIndex(child) * nodes.pageSize) : reach;
        }
    }

    /// Whether a row at position `reach` finds all earlier positions that it sees, and the page
    /// that it goes on in.
    private boolean windowsWhole(int reach) {
        for (int group = 0; group < whole.length; group++) {
            int window = windowSizes[group];
            int seen = window == 0 ? 0 : Math.max(0, reach - Math.max(window, 2) + 1);
            if (whole[group] > seen) {
                return false;
            }
        }
        return true;
    }
}
