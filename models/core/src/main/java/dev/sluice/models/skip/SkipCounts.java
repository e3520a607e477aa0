package dev.sluice.models.skip;

import java.util.concurrent.atomic.AtomicLong;

/// Rows that met a gate of a [SkipPlan], and those of them that were forecast. Written by the
/// engine thread, read by any.
public final class SkipCounts {
    private final AtomicLong rows = new AtomicLong();
    private final AtomicLong skipped = new AtomicLong();

    /// Of no rows yet.
    public SkipCounts() { }

    /// One sublayer of one step.
    public void add(int rowCount, int skippedCount) {
        rows.addAndGet(rowCount);
        skipped.addAndGet(skippedCount);
    }

    /// (Sublayer, row) pairs that a gate decided on; sublayers without a gate are not among them.
    public long rows() { return rows.get(); }

    public long skipped() { return skipped.get(); }
}
