package dev.sluice.kernels.vector;

import java.util.Arrays;

/// Has the pool's threads stage the row sets of one call, a row or a slot a part. Memory is kept,
/// so that a decode step allocates nothing. Engine thread only.
final class RowStaging {
    /// Up to this many elements, waking the other threads costs more than it saves.
    static final int ALONE_MAX = 1 << 14;

    private final ComputePool pool;
    private final StagedRows rows;
    /// A worker's row on its way into a tile.
    private final QuantisedRow[] scratch;
    private final ComputePool.Task task = this::stagePart;
    private RowSet[] sets = {};
    /// First part of each set, and the number of all parts.
    private int[] firstPart = {0};
    private int count;

    RowStaging(ComputePool pool, StagedRows rows) {
        this.pool = pool;
        this.rows = rows;
        scratch = new QuantisedRow[pool.threads()];
        for (int i = 0; i < scratch.length; i++) {
            scratch[i] = new QuantisedRow();
        }
    }

    /// Forgets the sets of the call before.
    void clear() {
        count = 0;
    }

    /// Adds a set that has been planned.
    void add(RowSet set) {
        if (count == sets.length) {
            sets = Arrays.copyOf(sets, Math.max(8, 2 * count));
            firstPart = Arrays.copyOf(firstPart, sets.length + 1);
        }
        sets[count++] = set;
    }

    /// Stages all that was added.
    void run() {
        rows.ready();
        int parts = 0;
        for (int i = 0; i < count; i++) {
            firstPart[i] = parts;
            parts += sets[i].rowWise ? sets[i].rows : sets[i].slots();
        }
        firstPart[count] = parts;
        if ((long) parts * rows.columns() <= ALONE_MAX) {
            for (int part = 0; part < parts; part++) {
                stagePart(part, 0);
            }
        } else {
            pool.run(parts, task);
        }
    }

    private void stagePart(int part, int worker) {
        int set = Arrays.binarySearch(firstPart, 0, count, part);
        set = set >= 0 ? set : -set - 2;
        rows.stage(sets[set], part - firstPart[set], scratch[worker]);
    }
}
