package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The rows of x of one call, quantised and laid out for the kernels. Memory is kept and grown
/// when a call with more rows arrives. The caller's thread plans, workers fill.
final class StagedRows {
    /// Rows of a quantised product up to which the integer kernels are faster than decoding a
    /// panel, where [CodeTiles] has no kernel: decoding costs about three rows' products.
    static final int ROW_WISE_MAX = 3;

    float[] x = {};
    int[] xPairs = {};
    float[] start = {};
    int[] startPairs = {};
    float[] d = {};
    float[] dsum = {};
    /// Row numbers of inputs and outputs; sets and jobs refer to ranges of them.
    int[] rowNumbers = {};
    private QuantisedRow[] rowSlots = {};
    private int rowSlotsUsed;
    private int xUsed;
    private int dUsed;
    private int columns;
    private int cols;
    private MemorySegment source = MemorySegment.NULL;
    private long sourceFrom;
    private long sourceRowBytes;

    /// Begins a call: `cols` columns, padded to `paddedColumns`, of rows at `from` of `memory`.
    void begin(int newCols, int paddedColumns, MemorySegment memory, long from, long rowBytes) {
        cols = newCols;
        columns = paddedColumns;
        source = memory;
        sourceFrom = from;
        sourceRowBytes = rowBytes;
        rowSlotsUsed = 0;
        xUsed = 0;
        dUsed = 0;
    }

    /// Makes room for `count` row numbers.
    void reserveRowNumbers(int count) {
        if (rowNumbers.length < count) {
            rowNumbers = new int[count];
        }
    }

    /// Decides the form of a set and where it lies.
    void plan(RowSet set, PackedFormat format, int first, int rows) {
        set.format = format;
        set.first = first;
        set.rows = rows;
        set.codeTiles = CodeTiles.multiplies(format, rows);
        set.rowWise = format.quantisesRows() && rows <= ROW_WISE_MAX && !set.codeTiles;
        if (set.rowWise) {
            set.rowSlot = rowSlotsUsed;
            rowSlotsUsed += rows;
        } else {
            set.xFrom = xUsed;
            set.dFrom = dUsed;
            xUsed = Math.addExact(xUsed, Math.multiplyExact(set.slots(), columns));
            dUsed += set.slots() * (columns / format.blockColumns);
        }
    }

    /// Allocates what the plans need.
    void ready() {
        if (rowSlots.length < rowSlotsUsed) {
            int had = rowSlots.length;
            rowSlots = Arrays.copyOf(rowSlots, rowSlotsUsed);
            for (int i = had; i < rowSlotsUsed; i++) {
                rowSlots[i] = new QuantisedRow();
            }
        }
        for (int i = 0; i < rowSlotsUsed; i++) {
            rowSlots[i].reserve(columns);
        }
        if (x.length < xUsed) {
            x = new float[xUsed];
            xPairs = new int[xUsed];
        }
        if (d.length < dUsed) {
            start = new float[dUsed];
            startPairs = new int[dUsed];
            d = new float[dUsed];
            dsum = new float[dUsed];
        }
    }

    /// Padded columns of the call.
    int columns() {
        return columns;
    }

    QuantisedRow row(RowSet set, int index) {
        return rowSlots[set.rowSlot + index];
    }

    /// Stages row `index` of a set; `scratch` is the worker's. Rows beyond the set's last, which
    /// fill its last tile, become zeros.
    void stage(RowSet set, int index, QuantisedRow scratch) {
        QuantisedRow row = set.rowWise ? row(set, index) : scratch;
        row.reserve(columns);
        if (index < set.rows) {
            MemorySegment.copy(source, JAVA_FLOAT_UNALIGNED,
                    sourceFrom + rowNumbers[set.first + index] * sourceRowBytes,
                    row.values, 0, cols);
            Arrays.fill(row.values, cols, columns, 0f);
        } else {
            Arrays.fill(row.values, 0, columns, 0f);
        }
        stageValues(set, index, row);
    }

    private void stageValues(RowSet set, int index, QuantisedRow row) {
        if (set.format.quantisesRows()) {
            row.quantise(columns, set.format.blockColumns);
        } else {
            row.keep(columns);
        }
        if (set.rowWise) {
            row.pair(columns, CodeDots.usesCorrections(set.format));
            return;
        }
        boolean pairs = set.codeTiles && set.format.codes == PackedFormat.Codes.NIBBLE;
        if (pairs) {
            row.pair(columns, false);
            place(set, index, row.pairs, xPairs);
        } else {
            place(set, index, row.values, x);
        }
        placeBlocks(set, index, row);
    }

    /// Copies a row's columns, floats or integers, to where its tile reads them.
    private void place(RowSet set, int index, Object from, Object to) {
        int slots = set.slots();
        int first = set.tileStart(index);
        int rows = set.tileRows(first);
        int lane = index - first;
        for (int k = 0; k < columns; k += PackedFormat.STEP_COLUMNS) {
            int width = Math.min(PackedFormat.STEP_COLUMNS, columns - k);
            int at = set.xFrom + k * slots + first * width + lane * 32;
            for (int i = 0; i < width; i += 32) {
                System.arraycopy(from, k + i, to, at + i * rows, 32);
            }
        }
    }

    private void placeBlocks(RowSet set, int index, QuantisedRow row) {
        int first = set.tileStart(index);
        int rows = set.tileRows(first);
        int blocks = columns / set.format.blockColumns;
        int to = set.dFrom + first * blocks + index - first;
        for (int b = 0; b < blocks; b++) {
            d[to + b * rows] = row.scales[b];
            dsum[to + b * rows] = row.scaledSums[b];
            if (set.codeTiles) {
                start[to + b * rows] = CodeTiles.start(set.format, row.sums[b]);
                startPairs[to + b * rows] = CodeTiles.startPair(row.sums[b]);
            }
        }
    }
}
