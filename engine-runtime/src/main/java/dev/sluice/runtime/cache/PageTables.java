package dev.sluice.runtime.cache;

import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;

/// Moves pages between the pools and the tables of sequences. A page that a sequence is about to
/// write while somebody else has it too is copied first. Engine thread only.
final class PageTables {
    private final CausalLm model;
    private final PagePool[] pools;
    private final int[] windows;
    private final int pageSize;
    private long copies;

    PageTables(CausalLm model, PagePool[] pools) {
        this.model = model;
        this.pools = pools;
        KvPlan plan = model.kvPlan();
        pageSize = plan.pageSize();
        windows = new int[pools.length];
        for (int group = 0; group < windows.length; group++) {
            windows[group] = plan.groups().get(group).window();
        }
    }

    /// Positions that a row of each group sees; 0 for all.
    int[] windows() { return windows; }

    long copies() { return copies; }

    /// Index of the first page that a row at `position` sees.
    int firstSeen(int group, int position) {
        return windows[group] == 0 ? 0
                : Math.max(0, position - windows[group] + 1) / pageSize;
    }

    /// Gives the pages back that no further row of the sequence sees.
    void forget(KvSequence sequence) {
        for (int group = 0; group < pools.length; group++) {
            int seen = Math.min(
                    firstSeen(group, sequence.length()), sequence.tableEnd[group]);
            while (sequence.firstLive[group] < seen) {
                pools[group].release(sequence.tables[group][sequence.firstLive[group]++]);
            }
        }
    }

    /// Pages that the sequence lacks to write up to `end`, the copy of a shared one included.
    int missing(KvSequence sequence, int group, int end) {
        int more = Math.ceilDiv(end, pageSize) - sequence.tableEnd[group];
        return Math.max(0, more) + (writesShared(sequence, group) ? 1 : 0);
    }

    private boolean writesShared(KvSequence sequence, int group) {
        int index = sequence.length() / pageSize;
        return sequence.length() % pageSize != 0 && index < sequence.tableEnd[group]
                && pools[group].shared(sequence.tables[group][index]);
    }

    /// Gives the sequence pages of its own for the positions from its length up to `end`. As many
    /// as are [#missing] are free.
    void grow(KvSequence sequence, int group, int end) {
        int[] table = sequence.tables[group];
        if (writesShared(sequence, group)) {
            int index = sequence.length() / pageSize;
            int copy = pools[group].allocate();
            model.copyPage(group, table[index], copy);
            pools[group].release(table[index]);
            table[index] = copy;
            copies++;
        }
        while (sequence.tableEnd[group] * pageSize < end) {
            table[sequence.tableEnd[group]++] = pools[group].allocate();
        }
    }

    /// Whether all is there that a row at `position` sees.
    boolean sees(KvSequence sequence, int position) {
        for (int group = 0; group < pools.length; group++) {
            if (sequence.firstLive[group] > firstSeen(group, position)) {
                return false;
            }
        }
        return true;
    }

    /// Gives the pages behind position `end` back.
    void cut(KvSequence sequence, int end) {
        for (int group = 0; group < pools.length; group++) {
            int pages = Math.max(Math.ceilDiv(end, pageSize), sequence.firstLive[group]);
            while (sequence.tableEnd[group] > pages) {
                pools[group].release(sequence.tables[group][--sequence.tableEnd[group]]);
            }
            if (end == 0) {
                sequence.firstLive[group] = 0;
                sequence.tableEnd[group] = 0;
            }
        }
        sequence.shorten(end);
    }

    /// Makes an empty sequence share all pages of another.
    void share(KvSequence from, KvSequence to) {
        for (int group = 0; group < pools.length; group++) {
            int end = Math.ceilDiv(from.length(), pageSize);
            to.firstLive[group] = Math.min(from.firstLive[group], end);
            to.tableEnd[group] = Math.min(from.tableEnd[group], end);
            for (int i = to.firstLive[group]; i < to.tableEnd[group]; i++) {
                to.tables[group][i] = from.tables[group][i];
                pools[group].retain(to.tables[group][i]);
            }
        }
        to.append(from.tokens(), 0, from.length());
    }

    /// Makes an empty sequence share the pages of the path that ends at `node`, as far as a row
    /// behind it sees them.
    void share(TreeNodes nodes, int node, KvSequence to, int[] tokens) {
        int length = nodes.end[node];
        for (int group = 0; group < pools.length; group++) {
            int end = Math.ceilDiv(length, pageSize);
            int first = Math.min(firstSeen(group, length), end);
            int index = end;
            for (int at = node; index > first; at = nodes.parent[at]) {
                if (nodes.pageIndex(at) >= index) {
                    continue;
                }
                int page = nodes.page(at, group);
                if (page == PagePool.NO_PAGE) {
                    break;
                }
                to.tables[group][--index] = page;
                pools[group].retain(page);
            }
            to.firstLive[group] = index;
            to.tableEnd[group] = end;
        }
        to.append(tokens, 0, length);
    }

    /// Has the sequence use the node's page, which holds the same, instead of its own.
    void swap(TreeNodes nodes, int node, KvSequence sequence) {
        int index = nodes.pageIndex(node);
        for (int group = 0; group < pools.length; group++) {
            int page = nodes.page(node, group);
            int own = sequence.tables[group][index];
            if (page != PagePool.NO_PAGE && page != own
                    && index >= sequence.firstLive[group] && index < sequence.tableEnd[group]) {
                pools[group].retain(page);
                pools[group].release(own);
                sequence.tables[group][index] = page;
            }
        }
    }

    /// The sequence's pages at an index, where it still has them.
    void pagesAt(KvSequence sequence, int index, int[] into) {
        for (int group = 0; group < pools.length; group++) {
            boolean has = index >= sequence.firstLive[group] && index < sequence.tableEnd[group];
            into[group] = has ? sequence.tables[group][index] : PagePool.NO_PAGE;
        }
    }
}
