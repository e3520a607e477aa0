package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.Layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Scratch of one compute thread and the loops over steps and tiles. Grown when a larger product
/// arrives, so that a decode step allocates nothing. Used by one thread at a time.
final class ProductWorker {
    /// Groups whose steps a row-wise product takes in turn, see [CodeDots]: a power of two.
    static final int GROUPS_TOGETHER = 4;

    private final PackedStep step = new PackedStep();
    private final PanelTile tile = new PanelTile();
    private final int[] sums = new int[PackedFormat.STEP_COLUMNS / 16 * PackedFormat.GROUP_ROWS];
    private final float[][] outputs = new float[GROUPS_TOGETHER][PackedFormat.GROUP_ROWS];
    private final WeightPacker packer = new WeightPacker();
    private final ReadAhead readAhead = new ReadAhead();
    private float[] panelOutputs = {};
    private MemorySegment packed = MemorySegment.NULL;
    private MemorySegment weights = MemorySegment.NULL;
    private long weightsFrom;

    WeightPacker packer() {
        return packer;
    }

    /// Groups `from` to `to - 1` of a job whose rows are staged in `staged`.
    void run(ProductJob job, StagedRows staged, int from, int to) {
        if (job.rows.rowWise) {
            for (int group = from; group < to;) {
                int together = CodeDots.readsAhead(job.format)
                        ? Math.min(GROUPS_TOGETHER, Integer.highestOneBit(to - group)) : 1;
                openGroups(job, group, together);
                for (int i = 0; i < job.rows.rows; i++) {
                    rowWise(job, staged.row(job.rows, i), together);
                    for (int g = 0; g < together; g++) {
                        write(job, staged, group + g, i, outputs[g], 0);
                    }
                }
                group += together;
            }
        } else {
            openGroups(job, from, to - from);
            panels(job, staged, from, to - from);
        }
    }

    /// Finds the packed groups: in the weight, or packed here and now when the caller left it in
    /// the file's order.
    private void openGroups(ProductJob job, int group, int count) {
        int cols = job.weight.cols();
        long groupBytes = job.format.groupBytes(cols);
        if (job.weight.layout() == Layout.PACKED) {
            weights = job.weight.memory();
            weightsFrom = job.weight.byteOffset() + group * groupBytes;
            return;
        }
        if (packed.byteSize() < count * groupBytes) {
            packed = Arena.ofAuto().allocate(count * groupBytes, 64);
        }
        packed.fill((byte) 0);
        for (int i = 0; i < count; i++) {
            packer.pack(job.weight, group + i, packed, i * groupBytes);
        }
        weights = packed;
        weightsFrom = 0;
    }

    /// outputs of `together` groups = their rows times x
    private void rowWise(ProductJob job, QuantisedRow x, int together) {
        PackedFormat format = job.format;
        int columns = format.paddedColumns(job.weight.cols());
        long groupBytes = format.groupBytes(job.weight.cols());
        int shift = Integer.numberOfTrailingZeros(together);
        int steps = steps(columns);
        for (int g = 0; g < together; g++) {
            Arrays.fill(outputs[g], 0f);
        }
        for (int s = 0; s < steps; s++) {
            // The next step of these groups, or the first of the next groups.
            long next = weightsFrom + (s + 1 < steps
                    ? (s + 1L) * PackedFormat.STEP_COLUMNS / format.unitColumns * format.unitBytes()
                    : together * groupBytes);
            for (int g = 0; g < together; g++) {
                step.move(format, weights, weightsFrom + g * groupBytes, columns, s);
                step.lookAhead(next, groupBytes, shift, g);
                addStep(format, x, s, outputs[g]);
            }
        }
    }

    private void addStep(PackedFormat format, QuantisedRow x, int s, float[] out) {
        int from = s * PackedFormat.STEP_COLUMNS;
        int blocks = step.count * 32 / format.blockColumns;
        BlockScales.read(step, tile.scales, tile.minimums);
        CodeDots.sums(step, x, from, sums);
        if (format.hasMinimum()) {
            BlockSums.addWithMinimums(sums, blocks, tile.scales, tile.minimums, x,
                    from / format.blockColumns, out);
        } else {
            BlockSums.add(sums, blocks, tile.scales, x, from / format.blockColumns,
                    CodeDots.zeroLeft(format), out);
        }
    }

    private void panels(ProductJob job, StagedRows staged, int group, int groups) {
        PackedFormat format = job.format;
        int columns = format.paddedColumns(job.weight.cols());
        long groupBytes = format.groupBytes(job.weight.cols());
        RowSet set = job.rows;
        int slots = set.slots();
        int groupOutputs = slots * PackedFormat.GROUP_ROWS;
        if (panelOutputs.length < groups * groupOutputs) {
            panelOutputs = new float[groups * groupOutputs];
        }
        Arrays.fill(panelOutputs, 0, groups * groupOutputs, 0f);
        tile.x = staged.x;
        tile.xPairs = staged.xPairs;
        tile.start = staged.start;
        tile.startPairs = staged.startPairs;
        tile.d = staged.d;
        tile.dsum = staged.dsum;
        tile.out = panelOutputs;
        int steps = steps(columns);
        for (int s = 0; s < steps; s++) {
            for (int g = 0; g < groups; g++) {
                step.move(format, weights, weightsFrom + g * groupBytes, columns, s);
                if (!set.codeTiles) {
                    CodePanels.decode(step, tile.panel);
                }
                BlockScales.read(step, tile.scales, tile.minimums);
                readAhead(job, s, group, groups, g);
                tiles(set, columns, s, g * groupOutputs);
            }
        }
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < set.rows; i++) {
                write(job, staged, group + g, i, panelOutputs,
                        g * groupOutputs + i * PackedFormat.GROUP_ROWS);
            }
        }
    }

    /// Before the product of group number `g` of `groups` from `group` on: a share of the next step
    /// of all of them, or of the first step of what comes next.
    private void readAhead(ProductJob job, int s, int group, int groups, int g) {
        PackedFormat format = job.format;
        long groupBytes = format.groupBytes(job.weight.cols());
        long stepBytes = (long) PackedFormat.STEP_COLUMNS / format.unitColumns
                * format.unitBytes();
        long done = (s + 1) * stepBytes;
        if (done < groupBytes) {
            readAhead.read(weights, weightsFrom + done, Math.min(stepBytes, groupBytes - done),
                    groupBytes, groups, g);
        } else if (job.next.layout() == Layout.PACKED && job.next.dtype() == job.weight.dtype()
                && group + job.groupsAhead + groups <= PackedFormat.groups(job.next.rows())) {
            readAhead.read(job.next.memory(),
                    job.next.byteOffset() + (group + job.groupsAhead) * groupBytes,
                    Math.min(stepBytes, groupBytes), groupBytes, groups, g);
        }
    }

    private void tiles(RowSet set, int columns, int s, int outFrom) {
        PackedFormat format = set.format;
        int slots = set.slots();
        int stepFrom = s * PackedFormat.STEP_COLUMNS;
        int width = step.count * 32;
        tile.blockColumns = format.blockColumns;
        tile.blocks = width / format.blockColumns;
        boolean minimum = format.hasMinimum();
        for (int slot = 0; slot < slots;) {
            int rows = set.tileRows(slot);
            tile.xFrom = set.xFrom + stepFrom * slots + slot * width;
            tile.dFrom = set.dFrom + slot * (columns / format.blockColumns)
                    + stepFrom / format.blockColumns * rows;
            tile.outFrom = outFrom + slot * PackedFormat.GROUP_ROWS;
            if (set.codeTiles) {
                CodeTiles.multiply(step, tile, rows);
            } else {
                multiply(rows, minimum);
            }
            slot += rows;
        }
    }

    private void multiply(int rows, boolean minimum) {
        if (rows == RowSet.TILE) {
            if (minimum) {
                PanelProduct.rows6WithMinimums(tile);
            } else {
                PanelProduct.rows6(tile);
            }
        } else if (rows == 2) {
            if (minimum) {
                PanelProduct.rows2WithMinimums(tile);
            } else {
                PanelProduct.rows2(tile);
            }
        } else if (minimum) {
            PanelProduct.rows1WithMinimums(tile);
        } else {
            PanelProduct.rows1(tile);
        }
    }

    private static int steps(int columns) {
        return (columns + PackedFormat.STEP_COLUMNS - 1) / PackedFormat.STEP_COLUMNS;
    }

    private static void write(ProductJob job, StagedRows staged, int group, int row, float[] from,
            int index) {
        int first = group * PackedFormat.GROUP_ROWS;
        int count = Math.min(PackedFormat.GROUP_ROWS, job.weight.rows() - first);
        MemorySegment.copy(from, index, job.out, JAVA_FLOAT_UNALIGNED,
                job.outFrom + staged.rowNumbers[job.firstOut + row] * job.outRowBytes + 4L * first,
                count);
    }
}
