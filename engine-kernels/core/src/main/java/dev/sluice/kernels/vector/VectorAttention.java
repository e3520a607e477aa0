package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.util.Arrays;

/// Cuts attention into tasks for the pool. One thread at a time; owns the workers' scratch.
///
/// Rows are cut into groups that share keys and values (see [AttentionPlan]), times a few heads of
/// one KV head (see [AttentionWorker]). When there are enough groups for the threads, a task is a
/// group and merges its splits as it goes. When there are few, as in the decode of one long
/// sequence, a task is one split of one group, and a second round merges the splits of each group
/// in ascending order. Both give the same bits.
final class VectorAttention implements ComputePool.Task {
    /// Queries that share a tile: enough to hide its decoding, few enough that their scores of a
    /// split (1 KiB each) stay in a second-level cache.
    private static final int GROUP_QUERIES = 32;

    /// The same where sequences share a prefix, whose pages are worth reading once for all: their
    /// scores of a split take 512 KiB.
    private static final int SHARING_QUERIES = 512;

    /// Tasks a thread should find in a round of splits: enough for an even end, few enough to
    /// bound the partial states that wait to be merged.
    private static final int SPLIT_TASKS = 8;

    /// Multiply-adds below which waking threads costs more than it gains (about 20 us of work).
    private static final long PARALLEL_WORK = 1 << 19;

    private enum Round { GROUPS, SPLITS, MERGE }

    private final ComputePool pool;
    private final AttentionWorker[] workers;
    /// Running states: one slot a worker in the round of groups, one a group otherwise.
    private final AttentionState running = new AttentionState();
    /// States of single splits: one slot a worker, or one a group and split of the wave.
    private final AttentionState partial = new AttentionState();
    private final AttentionPlan plan = new AttentionPlan();

    // The call at hand.
    private AttentionSpec spec;
    private Matrix q;
    private KvPages pages;
    private RowMap rows;
    private Matrix out;
    private Round round = Round.GROUPS;
    private int headGroups;
    private int groupHeads;
    private int groupQueries;
    /// Splits of the round of splits: waveStart to waveStart + wave.
    private int waveStart;
    private int wave;

    VectorAttention(ComputePool pool) {
        this.pool = pool;
        workers = new AttentionWorker[pool.threads()];
        Arrays.setAll(workers, _ -> new AttentionWorker());
    }

    /// out [T, heads*valueDim] as [dev.sluice.kernels.spi.KernelBackend#attention] says.
    void attention(AttentionSpec newSpec, Matrix newQ, KvPages newPages, RowMap newRows,
            Matrix newOut) {
        spec = newSpec;
        q = newQ;
        pages = newPages;
        rows = newRows;
        out = newOut;
        int shared = spec.heads() / pages.kvHeads();
        groupHeads = Math.min(shared, GROUP_QUERIES);
        headGroups = pages.kvHeads() * ((shared + groupHeads - 1) / groupHeads);
        plan.plan(rows, q.rows(), pages, spec.window(), Math.max(1, GROUP_QUERIES / groupHeads),
                Math.max(1, SHARING_QUERIES / groupHeads));
        groupQueries = plan.mostRows() * groupHeads;
        long work = plan.positions() * spec.heads() * (pages.keyDim() + pages.valueDim());
        int groups = plan.groups() * headGroups;
        boolean alone = pool.threads() == 1 || work < PARALLEL_WORK;
        if (alone || plan.splits() == 1 || groups >= 2 * pool.threads()) {
            running.reserve(pool.threads(), groupQueries, pages.valueDim());
            partial.reserve(pool.threads(), groupQueries, pages.valueDim());
            inRound(Round.GROUPS, groups, alone);
        } else {
            bySplits(groups);
        }
    }

    /// Tiles of keys or of values that all calls so far have decoded.
    long tilesRead() {
        long sum = 0;
        for (AttentionWorker worker : workers) {
            sum += worker.tilesRead();
        }
        return sum;
    }

    private void bySplits(int groups) {
        int splits = plan.splits();
        int most = Math.clamp(SPLIT_TASKS * pool.threads() / groups, 1, splits);
        running.reserve(groups, groupQueries, pages.valueDim());
        partial.reserve(groups * most, groupQueries, pages.valueDim());
        for (waveStart = 0; waveStart < splits; waveStart += wave) {
            wave = Math.min(most, splits - waveStart);
            inRound(Round.SPLITS, groups * wave, false);
            inRound(Round.MERGE, groups, false);
        }
    }

    private void inRound(Round newRound, int parts, boolean alone) {
        round = newRound;
        if (!alone) {
            pool.run(parts, this);
            return;
        }
        for (int part = 0; part < parts; part++) {
            run(part, 0);
        }
    }

    @Override
    public void run(int part, int worker) {
        switch (round) {
            case GROUPS -> wholeGroup(choose(part, worker), worker);
            case SPLITS -> oneSplit(choose(part / wave, worker), part);
            case MERGE -> merge(choose(part, worker), part);
        }
    }

    /// The worker, with group `group` as its own. The last rows come first: they see most.
    private AttentionWorker choose(int group, int worker) {
        int rowGroup = plan.groups() - 1 - group / headGroups;
        int headGroup = group % headGroups;
        int shared = spec.heads() / pages.kvHeads();
        int chunks = headGroups / pages.kvHeads();
        int skipped = headGroup % chunks * groupHeads;
        AttentionWorker chosen = workers[worker];
        chosen.choose(plan, rowGroup, headGroup / chunks * shared + skipped,
                Math.min(groupHeads, shared - skipped));
        return chosen;
    }

    private void wholeGroup(AttentionWorker group, int slot) {
        group.open(spec, pages, rows, q);
        running.clear(slot, 0, group.count());
        for (int split = group.firstSplit(); split < group.endSplit(); split++) {
            group.split(split, partial, slot);
            running.merge(slot, partial, slot, group.count());
        }
        running.finish(slot, spec, group, out);
    }

    private void oneSplit(AttentionWorker group, int slot) {
        group.open(spec, pages, rows, q);
        int split = waveStart + slot % wave;
        if (split < group.firstSplit() || split >= group.endSplit()) {
            partial.clear(slot, 0, group.count());
        } else {
            group.split(split, partial, slot);
        }
    }

    private void merge(AttentionWorker group, int slot) {
        if (waveStart == 0) {
            running.clear(slot, 0, group.count());
        }
        for (int s = 0; s < wave; s++) {
            running.merge(slot, partial, slot * wave + s, group.count());
        }
        if (waveStart + wave == plan.splits()) {
            running.finish(slot, spec, group, out);
        }
    }
}
