package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Attention of one group of queries: rows that share keys and values, see [AttentionPlan], times
/// a few query heads of one KV head, so that a decoded tile of keys or values serves them all. Of
/// splits that not all rows share, each sequence reads its own. One worker thread of the pool at a
/// time; owns its scratch, which grows to the largest group seen.
///
/// A split (256 positions) gives each query a partial state: the largest score m, the sum l of
/// e^(score - m), and the weighted sum o of values, not yet divided. States are merged in
/// ascending order of splits by the log-sum-exp rule, as in FlashAttention-2 (arXiv 2307.08691)
/// and Hydragen (arXiv 2402.05099). A split's state does not depend on where or with which others
/// it is computed, so splits may be computed apart and merged later.
final class AttentionWorker {
    private static final int SPLIT = AttentionSpec.SPLIT_POSITIONS;
    private static final int TILE = KvLayout.TILE;

    private static final int LANES = VectorFunctions.SPECIES.length();
    /// Rows that [AttentionKernels#scoresOfRows] takes at once.
    private static final int LATENT_ROWS = 8;

    private final KvReader reader = new KvReader();
    private final float[] lanes = new float[LANES];
    /// Scores of LATENT_ROWS positions, lanes over queries.
    private final float[] block = new float[LATENT_ROWS * LANES];
    private float[] turned = new float[0];
    private float[] keyTile = new float[0];
    private float[] valueTile = new float[0];
    private float[] queries = new float[0];
    private float[] scores = new float[0];
    /// First visible position and the one after the last, per query.
    private int[] from = new int[0];
    private int[] to = new int[0];

    // The group at hand.
    private AttentionSpec spec;
    private KvPages pages;
    private RowMap rows;
    private int kvHead;
    private int[] order = new int[0];
    private int start;
    private int rowCount;
    private int sharedSplits;
    private int head;
    private int headCount;
    private int count;
    private int first;
    private int end;
    // The run of its queries that reads a split together: runFrom..runTo of one sequence, which
    // see positions runFirst..runEnd.
    private int sequence;
    private int runFrom;
    private int runTo;
    private int runFirst;
    private int runEnd;
    /// Tiles of keys or of values decoded since the worker was made.
    private long tilesRead;

    /// Chooses the rows of a group of the plan times query heads newHead..+newHeadCount, which
    /// share a KV head. Query r * headCount + h is head h of the group's row r.
    void choose(AttentionPlan plan, int group, int newHead, int newHeadCount) {
        order = plan.order();
        start = plan.start(group);
        rowCount = plan.rowCount(group);
        sharedSplits = plan.sharedSplits(group);
        head = newHead;
        headCount = newHeadCount;
        count = rowCount * headCount;
    }

    long tilesRead() { return tilesRead; }

    /// Row of the call that is row `r` of the group.
    int row(int r) { return order[start + r]; }

    int rowCount() { return rowCount; }

    int head() { return head; }

    int headCount() { return headCount; }

    /// Query vectors of the group.
    int count() { return count; }

    /// Takes the chosen queries from q [T, heads*keyDim] and the ranges they see.
    void open(AttentionSpec newSpec, KvPages newPages, RowMap newRows, Matrix q) {
        spec = newSpec;
        pages = newPages;
        rows = newRows;
        kvHead = head / (spec.heads() / pages.kvHeads());
        reserve();
        first = Integer.MAX_VALUE;
        end = 0;
        for (int r = 0; r < rowCount; r++) {
            int last = rows.positions().i32(row(r), 0);
            int visibleFrom = spec.window() == 0 ? 0 : Math.max(0, last - spec.window() + 1);
            first = Math.min(first, visibleFrom);
            end = Math.max(end, last + 1);
            Arrays.fill(from, r * headCount, (r + 1) * headCount, visibleFrom);
            Arrays.fill(to, r * headCount, (r + 1) * headCount, last + 1);
            long at = q.byteOffset() + 4 * ((long) row(r) * q.cols() + head * pages.keyDim());
            int floats = headCount * pages.keyDim();
            MemorySegment.copy(q.memory(), JAVA_FLOAT_UNALIGNED, at, queries, r * floats, floats);
        }
        if (pages.latent()) {
            turnQueries();
        }
    }

    private void reserve() {
        reader.reserve(Math.max(pages.keyDim(), pages.valueDim()));
        // A vector of queries may begin at any of them and reach beyond the last.
        int turnedFloats = pages.keyDim() * stride(count) + LANES;
        if (pages.latent() && turned.length < turnedFloats) {
            turned = new float[turnedFloats];
        }
        if (!pages.latent() && keyTile.length < pages.keyDim() * TILE) {
            keyTile = new float[pages.keyDim() * TILE];
        }
        if (valueTile.length < rowStride() * TILE) {
            valueTile = new float[rowStride() * TILE];
        }
        if (queries.length < count * pages.keyDim()) {
            queries = new float[count * pages.keyDim()];
        }
        if (from.length < count) {
            scores = new float[count * SPLIT];
            from = new int[count];
            to = new int[count];
        }
    }

    /// Floats between two rows of the value tile.
    private int rowStride() {
        return stride(pages.latent() ? pages.keyDim() : pages.valueDim());
    }

    /// Floats that an output of `dim` elements takes in scratch: whole vectors of any width.
    static int stride(int dim) {
        return (dim + TILE - 1) / TILE * TILE;
    }

    /// First split that a query of the group sees.
    int firstSplit() { return first / SPLIT; }

    /// One after the last split that a query of the group sees.
    int endSplit() { return (end + SPLIT - 1) / SPLIT; }

    /// The partial states of one split. A query that sees nothing of it gets l = 0.
    void split(int split, AttentionState state, int slot) {
        if (split < sharedSplits) {
            chooseRun(0, rowCount);
            splitOfRun(split * SPLIT, state, slot);
            return;
        }
        for (int from = 0; from < rowCount;) {
            int to = from + 1;
            while (to < rowCount && sequence(to) == sequence(from)) {
                to++;
            }
            chooseRun(from, to);
            splitOfRun(split * SPLIT, state, slot);
            from = to;
        }
    }

    private int sequence(int r) { return rows.sequences().i32(row(r), 0); }

    /// Makes rows rowFrom..rowTo of the group the run at hand.
    private void chooseRun(int rowFrom, int rowTo) {
        sequence = sequence(rowFrom);
        runFrom = rowFrom * headCount;
        runTo = rowTo * headCount;
        runFirst = Integer.MAX_VALUE;
        runEnd = 0;
        for (int r = rowFrom; r < rowTo; r++) {
            runFirst = Math.min(runFirst, from[r * headCount]);
            runEnd = Math.max(runEnd, to[r * headCount]);
        }
    }

    private void splitOfRun(int start, AttentionState state, int slot) {
        for (int tile = start; tile < start + SPLIT; tile += TILE) {
            if (tile < runEnd && tile + TILE > runFirst) {
                scoreTile(start, tile);
                tilesRead++;
            }
        }
        weights(start, state, slot);
        for (int tile = start; tile < start + SPLIT; tile += TILE) {
            if (tile < runEnd && tile + TILE > runFirst) {
                weighTile(start, tile, state, slot);
                tilesRead++;
            }
        }
    }

    private void scoreTile(int start, int tile) {
        if (pages.latent()) {
            scoreLatentTile(start, tile);
            return;
        }
        reader.keys(pages, rows.pageTable(), sequence, kvHead, tile, runFirst, runEnd, keyTile);
        int dim = pages.keyDim();
        int query = runFrom;
        for (; query + 4 <= runTo; query += 4) {
            if (tile < largest(to, query) && tile + TILE > smallest(from, query)) {
                AttentionKernels.scores4(queries, query * dim, dim, keyTile, scores,
                        query * SPLIT + tile - start);
            }
        }
        for (; query < runTo; query++) {
            AttentionKernels.scores1(queries, query * dim, dim, keyTile, scores,
                    query * SPLIT + tile - start);
        }
    }

    /// Latent rows are not stored turned, as they are values too. The queries are turned instead.
    private void scoreLatentTile(int start, int tile) {
        reader.rows(pages, rows.pageTable(), sequence, kvHead, tile, runFirst, runEnd, valueTile,
                rowStride());
        for (int p = 0; p < TILE; p += LATENT_ROWS) {
            for (int query = runFrom; query < runTo; query += LANES) {
                AttentionKernels.scoresOfRows(turned, query, stride(count), pages.keyDim(),
                        valueTile,
                        p * rowStride(), rowStride(), block);
                int width = Math.min(LANES, runTo - query);
                for (int i = 0; i < width; i++) {
                    int at = (query + i) * SPLIT + tile + p - start;
                    for (int r = 0; r < LATENT_ROWS; r++) {
                        scores[at + r] = block[r * LANES + i];
                    }
                }
            }
        }
    }

    /// turned [keyDim, stride(count)] from queries [count, keyDim]
    private void turnQueries() {
        int dim = pages.keyDim();
        int width = stride(count);
        for (int query = 0; query < count; query++) {
            for (int d = 0; d < dim; d++) {
                turned[d * width + query] = queries[query * dim + d];
            }
        }
    }

    private static int smallest(int[] four, int at) {
        return Math.min(Math.min(four[at], four[at + 1]), Math.min(four[at + 2], four[at + 3]));
    }

    private static int largest(int[] four, int at) {
        return Math.max(Math.max(four[at], four[at + 1]), Math.max(four[at + 2], four[at + 3]));
    }

    private void weights(int start, AttentionState state, int slot) {
        for (int query = runFrom; query < runTo; query++) {
            int low = Math.max(from[query] - start, 0);
            int high = Math.min(to[query] - start, SPLIT);
            state.clear(slot, query);
            if (low < high) {
                int at = query * SPLIT;
                float max = AttentionKernels.mask(scores, at, low, high, spec.scale(),
                        spec.softcap(), lanes);
                float sum = AttentionKernels.exponentials(scores, at, low, high, max, lanes);
                state.weights(slot, query, max, sum);
            }
        }
    }

    private void weighTile(int start, int tile, AttentionState state, int slot) {
        reader.rows(pages, rows.pageTable(), sequence, kvHead, tile, runFirst, runEnd, valueTile,
                rowStride());
        int query = runFrom;
        for (; query + 4 <= runTo; query += 4) {
            int low = Math.max(largest(from, query) - tile, 0);
            int high = Math.min(smallest(to, query) - tile, TILE);
            if (low < high) {
                weighEach(start, tile, query, query + 4, 0, low, state, slot);
                AttentionKernels.weigh4(scores, query * SPLIT + tile - start, low, high, valueTile,
                        rowStride(), state.outputs(), state.outputAt(slot, query), state.stride());
                weighEach(start, tile, query, query + 4, high, TILE, state, slot);
            } else {
                weighEach(start, tile, query, query + 4, 0, TILE, state, slot);
            }
        }
        weighEach(start, tile, query, runTo, 0, TILE, state, slot);
    }

    /// Queries `query` to `last` one by one over what each sees of rows low..high of the tile.
    private void weighEach(int start, int tile, int query, int last, int low, int high,
            AttentionState state, int slot) {
        for (int i = query; i < last; i++) {
            int a = Math.max(from[i] - tile, low);
            int b = Math.min(to[i] - tile, high);
            if (a < b) {
                AttentionKernels.weigh1(scores, i * SPLIT + tile - start, a, b, valueTile,
                        rowStride(), state.outputs(), state.outputAt(slot, i), state.stride());
            }
        }
    }
}
