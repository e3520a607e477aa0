package dev.sluice.kernels.vector;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// The experts' feed-forward layer of the vector backend. (Token, slot) pairs are sorted by the
/// place that serves them, so that an expert's weights are read once for all its rows. Then two
/// runs of the compute threads:
///
///     gate and up:  a part is some columns of one expert; gate, up and the activation meet in
///                   the thread's tile, and only activated rows reach memory
///     down:         a part is some columns of the output for all experts; the outputs of all
///                   pairs meet in the thread's tile and are summed there in the order of slots
///
/// Every part owns its outputs: there are no atomics, and neither threads nor batch mates change
/// a bit. Experts with few rows are multiplied row by row, those with more as tiles (see
/// [StagedRows#plan]); all give the same bits.
///
/// With experts that are not all present, down writes a row per pair instead, and [#combine] sums
/// when all are there. Memory is kept and grown, so that a decode step allocates nothing. Engine
/// thread only.
final class VectorExperts {
    /// Parts a thread, so that a thread that is held back takes fewer of them.
    private static final int PARTS_PER_THREAD = 8;
    /// Rows times groups of a tile: 4096 x 32 floats are 512 KiB, which leaves room for the rest
    /// in a second-level cache of 2 MiB.
    private static final int TILE_GROUP_ROWS_MAX = 4096;
    private static final int PANEL_GROUPS_MAX = 8;

    private static final Matrix NOTHING = Matrix.none(0);
    private static final ExpertWeights NO_EXPERTS = new ExpertWeights(List.of(NOTHING),
            List.of(NOTHING), List.of(NOTHING), NOTHING, NOTHING, NOTHING, Activation.SILU);

    private final ComputePool pool;
    private final StagedRows staged = new StagedRows();
    private final RowStaging staging;
    private final ExpertOrder order = new ExpertOrder();
    private final ExpertTile[] tiles;
    private final ComputePool.Task gateAndUpTask = this::gateAndUpPart;
    private final ComputePool.Task downTask = this::downPart;
    private final ComputePool.Task downRowsTask = this::downRowsPart;
    private final ComputePool.Task combineTask = this::combineRow;
    /// Activated inputs of down [positions,F].
    private float[] inner = {};
    private MemorySegment innerMemory = MemorySegment.NULL;
    /// Per used place: its rows for gate (and down), for up, its groups per part, first part.
    private RowSet[] sets = {};
    private RowSet[] upSets = {};
    private int[] groupsPerPart = {};
    private int[] firstPart = {};
    private int columnGroups;
    private ExpertWeights experts = NO_EXPERTS;
    private Matrix expertWeights = NOTHING;
    private Matrix rows = NOTHING;
    private Matrix out = NOTHING;

    VectorExperts(ComputePool pool) {
        this.pool = pool;
        staging = new RowStaging(pool, staged);
        tiles = new ExpertTile[pool.threads()];
        for (int i = 0; i < tiles.length; i++) {
            tiles[i] = new ExpertTile(new ProductWorker(), staged, pool.threads());
        }
    }

    /// out [T,D] = sum over k, ascending, of newWeights[t,k] * ffn(expertIds[t,k], x [T,D])
    void expertFfn(Matrix x, ExpertWeights newExperts, Matrix expertIds, Matrix newWeights,
            Matrix newOut) {
        if (x.rows() == 0) {
            return;
        }
        begin(newExperts, expertIds);
        if (order.placed < expertIds.rows() * expertIds.cols()) {
            throw new IllegalStateException("%d of %d pairs name experts that are not present"
                    .formatted(expertIds.rows() * expertIds.cols() - order.placed,
                            expertIds.rows() * expertIds.cols()));
        }
        expertWeights = newWeights;
        out = newOut;
        gateAndUp(x);
        stageInner();
        pool.run(cutDown(), downTask);
        end();
    }

    /// Row t*K+k of newRows [T*K,D] = ffn(expertIds[t,k], x [T,D]) of the experts that are
    /// present.
    void expertRows(Matrix x, ExpertWeights newExperts, Matrix expertIds, Matrix newRows) {
        begin(newExperts, expertIds);
        if (order.placed == 0) {
            end();
            return;
        }
        rows = newRows;
        gateAndUp(x);
        stageInner();
        pool.run(cutPlaces(experts.down(), 1), downRowsTask);
        end();
    }

    private void begin(ExpertWeights newExperts, Matrix expertIds) {
        experts = newExperts;
        order.sort(expertIds, newExperts.table());
        int placed = order.placed;
        if (inner.length < placed * experts.hidden()) {
            inner = new float[placed * experts.hidden()];
            innerMemory = MemorySegment.ofArray(inner);
        }
        reserveSets(order.usedCount);
        // 0, 1, 2 ..; then the token of each position; then its pair.
        staged.reserveRowNumbers(3 * placed);
        for (int i = 0; i < placed; i++) {
            staged.rowNumbers[i] = i;
            staged.rowNumbers[placed + i] = order.pairs[i] / order.slots;
            staged.rowNumbers[2 * placed + i] = order.pairs[i];
        }
    }

    private void reserveSets(int count) {
        if (sets.length >= count) {
            return;
        }
        int had = sets.length;
        sets = Arrays.copyOf(sets, count);
        upSets = Arrays.copyOf(upSets, count);
        for (int i = had; i < count; i++) {
            sets[i] = new RowSet();
            upSets[i] = new RowSet();
        }
        groupsPerPart = new int[count];
        firstPart = new int[count + 1];
    }

    private void end() {
        experts = NO_EXPERTS;
        expertWeights = NOTHING;
        rows = NOTHING;
        out = NOTHING;
    }

    // ---- gate and up --------------------------------------------------------------------

    private void gateAndUp(Matrix x) {
        beginStaging(experts.gate().getFirst(), x.memory(), x.byteOffset(), 4L * x.cols());
        for (int i = 0; i < order.usedCount; i++) {
            int place = order.used[i];
            int first = order.placed + order.starts[place];
            plan(sets[i], experts.gate().get(place), first, place);
            if (experts.up().get(place).dtype() != experts.gate().get(place).dtype()) {
                plan(upSets[i], experts.up().get(place), first, place);
            }
        }
        staging.run();
        pool.run(cutPlaces(experts.gate(), 2), gateAndUpTask);
    }

    private void gateAndUpPart(int part, int worker) {
        int i = placeOf(part);
        int place = order.used[i];
        Matrix gate = experts.gate().get(place);
        int from = (part - firstPart[i]) * groupsPerPart[i];
        int to = Math.min(from + groupsPerPart[i], PackedFormat.groups(gate.rows()));
        boolean same = experts.up().get(place).dtype() == gate.dtype();
        tiles[worker].begin(from, to, sets[i].rows);
        tiles[worker].gateAndUp(experts, place, sets[i], same ? sets[i] : upSets[i], inner,
                order.starts[place]);
    }

    // ---- down ---------------------------------------------------------------------------

    private void stageInner() {
        beginStaging(experts.down().getFirst(), innerMemory, 0, 4L * experts.hidden());
        for (int i = 0; i < order.usedCount; i++) {
            int place = order.used[i];
            plan(sets[i], experts.down().get(place), order.starts[place], place);
        }
        staging.run();
    }

    /// Columns of the output, as many parts as [#cutPlaces] would make of as much work, none
    /// with a tile that leaves the cache.
    private int cutDown() {
        int groups = PackedFormat.groups(out.cols());
        int even = Math.max(1, groups / (pool.threads() * PARTS_PER_THREAD));
        int turn = ProductWorker.GROUPS_TOGETHER;
        boolean rowWise = sets[0].rowWise && groups >= turn * pool.threads();
        int most = rowWise ? (even + turn - 1) / turn * turn : Math.min(even, PANEL_GROUPS_MAX);
        columnGroups = isPacked(experts.down())
                ? Math.clamp(TILE_GROUP_ROWS_MAX / order.placed, 1, most) : 1;
        return (groups + columnGroups - 1) / columnGroups;
    }

    private void downPart(int part, int worker) {
        int from = part * columnGroups;
        int to = Math.min(from + columnGroups, PackedFormat.groups(out.cols()));
        ExpertTile tile = tiles[worker];
        tile.begin(from, to, order.placed);
        for (int i = 0; i < order.usedCount; i++) {
            int place = order.used[i];
            boolean last = i + 1 == order.usedCount;
            Matrix next = experts.down().get(order.used[last ? 0 : i + 1]);
            tile.multiply(sets[i], experts.down().get(place), order.starts[place], next,
                    last ? pool.threads() * columnGroups : 0);
        }
        for (int token = 0; token < out.rows(); token++) {
            tile.combine(experts, order, expertWeights, token, out);
        }
    }

    private void downRowsPart(int part, int worker) {
        int i = placeOf(part);
        int place = order.used[i];
        Matrix down = experts.down().get(place);
        int from = (part - firstPart[i]) * groupsPerPart[i];
        int to = Math.min(from + groupsPerPart[i], PackedFormat.groups(down.rows()));
        tiles[worker].begin(from, to, sets[i].rows);
        tiles[worker].multiply(sets[i], down, 0, down, pool.threads() * groupsPerPart[i]);
        for (int row = 0; row < sets[i].rows; row++) {
            tiles[worker].downRow(experts, sets[i].expert, row, rows,
                    staged.rowNumbers[2 * order.placed + order.starts[place] + row]);
        }
    }

    /// newOut [T,D] = sum over k, ascending, of newWeights[t,k] * newRows[t*K+k]
    void combine(Matrix newRows, Matrix newWeights, Matrix newOut) {
        rows = newRows;
        expertWeights = newWeights;
        out = newOut;
        for (ExpertTile tile : tiles) {
            tile.begin(0, PackedFormat.groups(out.cols()), 1);
        }
        if ((long) rows.rows() * rows.cols() <= RowStaging.ALONE_MAX) {
            for (int token = 0; token < out.rows(); token++) {
                combineRow(token, 0);
            }
        } else {
            pool.run(out.rows(), combineTask);
        }
        end();
    }

    private void combineRow(int token, int worker) {
        tiles[worker].combineRows(rows, expertWeights, token, out);
    }

    // ---- parts and staging --------------------------------------------------------------

    private static boolean isPacked(List<Matrix> weights) {
        return weights.getFirst().layout() == Layout.PACKED;
    }

    /// Cuts the groups of `weights` of every used place into parts; a part does `products` such
    /// weights. Enough parts for all threads, few enough that claiming them costs nothing beside
    /// the work; those of the places with the most rows come first.
    private int cutPlaces(List<Matrix> weights, int products) {
        int groups = PackedFormat.groups(weights.getFirst().rows());
        int all = order.usedCount * groups * products;
        int even = Math.max(1, all / (pool.threads() * PARTS_PER_THREAD * products));
        int parts = 0;
        for (int i = 0; i < order.usedCount; i++) {
            int most;
            if (sets[i].rowWise) {
                // Whole turns of groups, see ProductWorker, as long as there are enough of them.
                int turn = ProductWorker.GROUPS_TOGETHER;
                most = all >= turn * pool.threads() ? (even + turn - 1) / turn * turn : even;
                most = Math.min(most, TILE_GROUP_ROWS_MAX / turn);
            } else {
                most = Math.clamp(TILE_GROUP_ROWS_MAX / Math.max(1, sets[i].slots()), 1,
                        Math.min(even, PANEL_GROUPS_MAX));
            }
            groupsPerPart[i] = isPacked(weights) ? Math.min(most, groups) : 1;
            firstPart[i] = parts;
            parts += (groups + groupsPerPart[i] - 1) / groupsPerPart[i];
        }
        firstPart[order.usedCount] = parts;
        return parts;
    }

    /// Index among the used places of a part of [#cutPlaces].
    private int placeOf(int part) {
        int low = 0;
        int high = order.usedCount - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (firstPart[middle] <= part) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private void beginStaging(Matrix weight, MemorySegment x, long from, long rowBytes) {
        staged.begin(weight.cols(), PackedFormat.of(weight.dtype()).paddedColumns(weight.cols()),
                x, from, rowBytes);
        staging.clear();
    }

    private void plan(RowSet set, Matrix weight, int first, int place) {
        staged.plan(set, PackedFormat.of(weight.dtype()), first, order.rows(place));
        set.expert = order.experts[order.pairs[order.starts[place]]];
        staging.add(set);
    }
}
