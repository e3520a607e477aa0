package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;

/// Which rows of a call read the same keys and values together.
///
/// Rows of one sequence form groups, and so do rows of sequences whose page tables begin with the
/// same pages: a shared prefix is then read once for all of them, as in Hydragen (arXiv 2402.05099)
/// and ChunkAttention (arXiv 2402.15220), and each sequence reads its tail alone. Sharing is found
/// by comparing page numbers, so that no caller has to announce it, and counted in whole splits:
/// because splits are the same for every row and are merged in ascending order, a row's bits do
/// not depend on its company.
///
/// A sequence joins the first group that it makes save more pages than before. Sharing is flat:
/// what only some members of a group share beyond the common splits is read by each of them.
/// Arrays grow to the largest call. One thread at a time.
final class AttentionPlan {
    /// Splits that a group of one sequence shares: all.
    static final int ALL = Integer.MAX_VALUE;

    private static final int SPLIT = AttentionSpec.SPLIT_POSITIONS;

    /// Rows of the call, group after group, ascending within a group.
    private int[] order = new int[64];
    private int[] groupOf = new int[64];
    private int[] starts = new int[65];
    private int[] rowCounts = new int[64];
    private int[] shared = new int[64];
    private int groups;
    private int mostRows;
    private int splits;
    private long positions;

    // The call at hand.
    private RowMap rows;
    private int pageSize;

    /// Plans `rowCount` rows. A group has at most `ownRows` rows of one sequence, or `sharingRows`
    /// of several. With a window every sequence stays alone: its pages may be gone.
    void plan(RowMap newRows, int rowCount, KvPages pages, int window, int ownRows,
            int sharingRows) {
        rows = newRows;
        pageSize = pages.pageSize();
        reserve(rowCount);
        groups = 0;
        splits = 0;
        mostRows = 0;
        positions = 0;
        for (int row = 0; row < rowCount; row++) {
            int position = rows.positions().i32(row, 0);
            positions += window == 0 ? position + 1 : Math.min(position + 1, window);
            splits = Math.max(splits, position / SPLIT + 1);
            boolean sameSequence = row > 0 && sequence(row) == sequence(row - 1);
            if (sameSequence && join(groupOf[row - 1], row, ownRows, sharingRows)) {
                continue;
            }
            if (sameSequence || window != 0 || !joinAny(row, sharingRows)) {
                open(row);
            }
        }
        sortRows(rowCount);
    }

    private void reserve(int rowCount) {
        if (order.length < rowCount) {
            order = new int[rowCount];
            groupOf = new int[rowCount];
            starts = new int[rowCount + 1];
            rowCounts = new int[rowCount];
            shared = new int[rowCount];
        }
    }

    private int sequence(int row) {
        return rows.sequences().i32(row, 0);
    }

    private void open(int row) {
        groupOf[row] = groups;
        starts[groups] = row;
        rowCounts[groups] = 1;
        shared[groups] = ALL;
        mostRows = Math.max(mostRows, 1);
        groups++;
    }

    private void add(int group, int row) {
        groupOf[row] = group;
        mostRows = Math.max(mostRows, ++rowCounts[group]);
    }

    /// The row joins the group of the row before, which is of its sequence. Later rows of a
    /// sequence see at least as much, so they share what the first one shares.
    private boolean join(int group, int row, int ownRows, int sharingRows) {
        boolean fits = rowCounts[group] < (shared[group] == ALL ? ownRows : sharingRows);
        if (fits) {
            add(group, row);
        }
        return fits;
    }

    private boolean joinAny(int row, int sharingRows) {
        for (int group = 0; group < groups; group++) {
            int members = rowCounts[group];
            if (members >= sharingRows) {
                continue;
            }
            int common = Math.min(shared[group], commonSplits(starts[group], row));
            long saved = shared[group] == ALL ? 0 : (long) shared[group] * (members - 1);
            if (common > 0 && (long) common * members > saved) {
                shared[group] = common;
                add(group, row);
                return true;
            }
        }
        return false;
    }

    /// Whole splits, from position 0 on, that both rows see and whose pages are the same.
    private int commonSplits(int a, int b) {
        int seen = Math.min(rows.positions().i32(a, 0), rows.positions().i32(b, 0)) + 1;
        int pages = seen / SPLIT * (SPLIT / pageSize);
        Matrix table = rows.pageTable();
        int same = 0;
        while (same < pages && table.i32(sequence(a), same) == table.i32(sequence(b), same)) {
            same++;
        }
        return same / (SPLIT / pageSize);
    }

    /// Counting sort of the rows by group.
    private void sortRows(int rowCount) {
        int start = 0;
        for (int group = 0; group < groups; group++) {
            starts[group] = start;
            start += rowCounts[group];
        }
        for (int row = 0; row < rowCount; row++) {
            order[starts[groupOf[row]]++] = row;
        }
        for (int group = 0; group < groups; group++) {
            starts[group] -= rowCounts[group];
        }
    }

    int groups() { return groups; }

    /// Most rows of a group.
    int mostRows() { return mostRows; }

    /// Splits of the longest row.
    int splits() { return splits; }

    /// Positions that all rows see, each counted once a row.
    long positions() { return positions; }

    int[] order() { return order; }

    /// First index of a group's rows in [#order].
    int start(int group) { return starts[group]; }

    int rowCount(int group) { return rowCounts[group]; }

    /// Splits whose pages all rows of the group share, or [#ALL].
    int sharedSplits(int group) { return shared[group]; }
}
