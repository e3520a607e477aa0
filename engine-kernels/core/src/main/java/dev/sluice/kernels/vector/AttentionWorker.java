package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Attention of one group of queries: a few rows of one sequence times a few query heads of one
/// KV head, so that a decoded tile of keys or values serves them all. One worker thread of the
/// pool at a time; owns its scratch, which grows to the largest group seen.
///
/// A split (256 positions) gives each query a partial state: the largest score m, the sum l of
/// e^(score - m), and the weighted sum o of values, not yet divided. States are merged in
/// ascending order of splits by the log-sum-exp rule, as in FlashAttention-2 (arXiv 2307.08691)
/// and Hydragen (arXiv 2402.05099). A split's state does not depend on where it is computed, so
/// splits may be computed apart and merged later; the Runtime may one day compute those of a
/// shared prefix for the rows of several sequences at once.
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
    private Matrix pageTable;
    private int sequence;
    private int kvHead;
    private int row;
    private int rowCount;
    private int head;
    private int headCount;
    private int count;
    private int first;
    private int end;

    /// Chooses rows newRow..+newRowCount, which are of one sequence, times query heads
    /// newHead..+newHeadCount, which share a KV head. Query r * headCount + h is head h of row r.
    void choose(int newRow, int newRowCount, int newHead, int newHeadCount) {
        row = newRow;
        rowCount = newRowCount;
        head = newHead;
        headCount = newHeadCount;
        count = rowCount * headCount;
    }

    int row() { return row; }

    int rowCount() { return rowCount; }

    int head() { return head; }

    int headCount() { return headCount; }

    /// Query vectors of the group.
    int count() { return count; }

    /// Takes the chosen queries from q [T, heads*keyDim] and the ranges they see.
    void open(AttentionSpec newSpec, KvPages newPages, RowMap rows, Matrix q) {
        spec = newSpec;
        pages = newPages;
        pageTable = rows.pageTable();
        sequence = rows.sequences().i32(row, 0);
        kvHead = head / (spec.heads() / pages.kvHeads());
        reserve();
        first = Integer.MAX_VALUE;
        end = 0;
        for (int r = 0; r < rowCount; r++) {
            int last = rows.positions().i32(row + r, 0);
            int visibleFrom = spec.window() == 0 ? 0 : Math.max(0, last - spec.window() + 1);
            first = Math.min(first, visibleFrom);
            end = Math.max(end, last + 1);
            Arrays.fill(from, r * headCount, (r + 1) * headCount, visibleFrom);
            Arrays.fill(to, r * headCount, (r + 1) * headCount, last + 1);
            long at = q.byteOffset() + 4 * ((long) (row + r) * q.cols() + head * pages.keyDim());
            int floats = headCount * pages.keyDim();
            MemorySegment.copy(q.memory(), JAVA_FLOAT_UNALIGNED, at, queries, r * floats, floats);
        }
        if (pages.latent()) {
            turnQueries();
        }
    }

    private void reserve() {
        reader.reserve(Math.max(pages.keyDim(), pages.valueDim()));
        if (pages.latent() && turned.length < pages.keyDim() * stride(count)) {
            turned = new float[pages.keyDim() * stride(count)];
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
        int start = split * SPLIT;
        for (int tile = start; tile < start + SPLIT; tile += TILE) {
            if (tile < end && tile + TILE > first) {
                scoreTile(start, tile);
            }
        }
        weights(start, state, slot);
        for (int tile = start; tile < start + SPLIT; tile += TILE) {
            if (tile < end && tile + TILE > first) {
                weighTile(start, tile, state, slot);
            }
        }
    }

    private void scoreTile(int start, int tile) {
        if (pages.latent()) {
            scoreLatentTile(start, tile);
            return;
        }
        reader.keys(pages, pageTable, sequence, kvHead, tile, first, end, keyTile);
        int dim = pages.keyDim();
        int query = 0;
        for (; query + 4 <= count; query += 4) {
            if (tile < largest(to, query) && tile + TILE > smallest(from, query)) {
                AttentionKernels.scores4(queries, query * dim, dim, keyTile, scores,
                        query * SPLIT + tile - start);
            }
        }
        for (; query < count; query++) {
            AttentionKernels.scores1(queries, query * dim, dim, keyTile, scores,
                    query * SPLIT + tile - start);
        }
    }

    /// Latent rows are not stored turned, as they are values too. The queries are turned instead.
    private void scoreLatentTile(int start, int tile) {
        reader.rows(pages, pageTable, sequence, kvHead, tile, first, end, valueTile, rowStride());
        for (int p = 0; p < TILE; p += LATENT_ROWS) {
            for (int query = 0; query < count; query += LANES) {
                AttentionKernels.scoresOfRows(turned, query, stride(count), pages.keyDim(),
                        valueTile,
                        p * rowStride(), rowStride(), block);
                int width = Math.min(LANES, count - query);
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
        for (int query = 0; query < count; query++) {
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
        reader.rows(pages, pageTable, sequence, kvHead, tile, first, end, valueTile, rowStride());
        int query = 0;
        for (; query + 4 <= count; query += 4) {
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
        weighEach(start, tile, query, count, 0, TILE, state, slot);
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
