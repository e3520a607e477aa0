package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// What one compute thread keeps of an expert layer between a product and its consumer: gate and
/// up outputs that become inputs of down, or down outputs that become columns of the layer's
/// output. The tile stays in the thread's cache instead of passing through memory (the software
/// form of T3, Pati et al. 2024: the consumer is fused into the producer). Grown when a larger
/// one arrives; used by one thread at a time.
///
///     first, second:  [rows][width], width = 32 columns of each group from `from` to `to - 1`
final class ExpertTile {
    private final ProductWorker worker;
    private final StagedRows staged;
    /// A thread's next part is likely so many after the one that it has.
    private final int partsAhead;
    /// A product whose outputs go to this tile.
    private final ProductJob job = new ProductJob();
    private float[] first = {};
    private float[] second = {};
    private MemorySegment firstMemory = MemorySegment.NULL;
    private MemorySegment secondMemory = MemorySegment.NULL;
    private float[] sum = {};
    private float[] bias = {};
    private int from;
    private int to;
    private int width;

    /// The first of `staged`'s row numbers must count 0, 1, 2 ..
    ExpertTile(ProductWorker worker, StagedRows staged, int threads) {
        this.worker = worker;
        this.staged = staged;
        partsAhead = threads;
    }

    /// A tile of `rows` rows for groups `newFrom` to `newTo - 1` of a weight.
    void begin(int newFrom, int newTo, int rows) {
        from = newFrom;
        to = newTo;
        width = (to - from) * PackedFormat.GROUP_ROWS;
        if (first.length < rows * width) {
            first = new float[rows * width];
            second = new float[rows * width];
            firstMemory = MemorySegment.ofArray(first);
            secondMemory = MemorySegment.ofArray(second);
        }
        if (sum.length < width) {
            sum = new float[width];
            bias = new float[width];
        }
    }

    /// Rows `tileRow` on of the first half of the tile = the rows of `set` * weight^T. What comes
    /// after it are groups of `next`, see [ProductJob#next].
    void multiply(RowSet set, Matrix weight, int tileRow, Matrix next, int groupsAhead) {
        comesNext(next, groupsAhead);
        multiply(set, weight, tileRow, firstMemory);
    }

    private void comesNext(Matrix next, int groupsAhead) {
        job.next = next;
        job.groupsAhead = groupsAhead;
    }

    private void multiply(RowSet set, Matrix weight, int tileRow, MemorySegment out) {
        job.weight = weight;
        job.format = PackedFormat.of(weight.dtype());
        job.rows = set;
        job.out = out;
        job.outRowBytes = 4L * width;
        job.outFrom = tileRow * job.outRowBytes - 4L * PackedFormat.GROUP_ROWS * from;
        job.firstOut = 0;
        job.groups = PackedFormat.groups(weight.rows());
        worker.run(job, staged, from, to);
    }

    /// Columns of the tile of `inner` [positions,F], row `position` on, = activation(gate, up) of
    /// the expert at `place`. The sets are the same rows in the forms that gate and up multiply.
    void gateAndUp(ExpertWeights weights, int place, RowSet gateSet, RowSet upSet, float[] inner,
            int position) {
        Matrix gate = weights.gate().get(place);
        Matrix up = weights.up().get(place);
        comesNext(up, 0);
        multiply(gateSet, gate, 0, firstMemory);
        comesNext(gate, partsAhead * (to - from));
        multiply(upSet, up, 0, secondMemory);
        int hidden = weights.hidden();
        int column = from * PackedFormat.GROUP_ROWS;
        int count = Math.min(width, hidden - column);
        for (int row = 0; row < gateSet.rows; row++) {
            int at = row * width;
            if (weights.biased()) {
                addBias(weights.gateBias(), gateSet.expert, first, at, count);
                addBias(weights.upBias(), gateSet.expert, second, at, count);
            }
            VectorMath.gate(weights.activation(), first, at, second, at, count);
            System.arraycopy(first, at, inner, (position + row) * hidden + column, count);
        }
    }

    private void addBias(Matrix biases, int expert, float[] values, int at, int count) {
        copyBias(biases, expert, count);
        for (int i = 0; i < count; i++) {
            values[at + i] += bias[i];
        }
    }

    private void copyBias(Matrix biases, int expert, int count) {
        MemorySegment.copy(biases.memory(), JAVA_FLOAT_UNALIGNED, biases.byteOffset()
                + 4L * ((long) expert * biases.cols() + from * PackedFormat.GROUP_ROWS),
                bias, 0, count);
    }

    /// Columns of the tile of out row `token` = sum over slots, ascending, of weight * (down +
    /// bias), from the down outputs of all positions in the first half of the tile.
    void combine(ExpertWeights weights, ExpertOrder order, Matrix expertWeights, int token,
            Matrix out) {
        int column = from * PackedFormat.GROUP_ROWS;
        int count = Math.min(width, out.cols() - column);
        Arrays.fill(sum, 0, count, 0f);
        for (int k = 0; k < order.slots; k++) {
            int pair = token * order.slots + k;
            float weight = expertWeights.f32(token, k);
            int at = order.positions[pair] * width;
            if (weights.biased()) {
                copyBias(weights.downBias(), order.experts[pair], count);
                for (int i = 0; i < count; i++) {
                    sum[i] = Math.fma(weight, first[at + i] + bias[i], sum[i]);
                }
            } else {
                for (int i = 0; i < count; i++) {
                    sum[i] = Math.fma(weight, first[at + i], sum[i]);
                }
            }
        }
        MemorySegment.copy(sum, 0, out.memory(), JAVA_FLOAT_UNALIGNED,
                out.byteOffset() + 4L * ((long) token * out.cols() + column), count);
    }

    /// Columns of the tile of `rows` row `pair` = down outputs of tile row `row`, plus the bias.
    void downRow(ExpertWeights weights, int expert, int row, Matrix rows, int pair) {
        int column = from * PackedFormat.GROUP_ROWS;
        int count = Math.min(width, rows.cols() - column);
        if (weights.biased()) {
            addBias(weights.downBias(), expert, first, row * width, count);
        }
        MemorySegment.copy(first, row * width, rows.memory(), JAVA_FLOAT_UNALIGNED,
                rows.byteOffset() + 4L * ((long) pair * rows.cols() + column), count);
    }

    /// out row `token` = sum over slots, ascending, of weight * rows[token * K + slot]. The tile
    /// must be one row of all columns.
    void combineRows(Matrix rows, Matrix expertWeights, int token, Matrix out) {
        int cols = out.cols();
        int slots = expertWeights.cols();
        Arrays.fill(sum, 0, cols, 0f);
        for (int k = 0; k < slots; k++) {
            float weight = expertWeights.f32(token, k);
            MemorySegment.copy(rows.memory(), JAVA_FLOAT_UNALIGNED,
                    rows.byteOffset() + 4L * cols * ((long) token * slots + k), first, 0, cols);
            for (int i = 0; i < cols; i++) {
                sum[i] = Math.fma(weight, first[i], sum[i]);
            }
        }
        MemorySegment.copy(sum, 0, out.memory(), JAVA_FLOAT_UNALIGNED,
                out.byteOffset() + 4L * cols * token, cols);
    }
}
