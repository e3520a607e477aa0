package dev.sluice.kernels.vector;

import java.lang.foreign.Arena;

/// Brings the kernels of a format to the optimising compiler while a model is still loading.
///
/// Interpreted vector code is about a thousand times slower than compiled code, so that the first
/// products of a model would take seconds. A method is compiled after some thousand calls, however
/// little each of them does: here most calls have nothing to do and every eighth has a block or
/// two, which is enough for the profile to know that the loops run. Measured on a busy
/// machine, loading and first products together: 4 to 5 s less. Results do not depend on it.
final class KernelWarmUp {
    /// C2 is asked after 5000 calls of a method.
    private static final int CALLS = 6000;
    private static final int WORKING = 8;

    private final PackedFormat format;
    private final PackedStep step = new PackedStep();
    private final PanelTile tile = new PanelTile();
    private final QuantisedRow row = new QuantisedRow();
    private final int[] sums = new int[PackedFormat.STEP_COLUMNS / 16 * PackedFormat.GROUP_ROWS];
    private final float[] out = new float[PackedFormat.GROUP_ROWS];

    private KernelWarmUp(PackedFormat format, Arena arena) {
        this.format = format;
        int columns = PackedFormat.STEP_COLUMNS;
        step.move(format, arena.allocate(format.groupBytes(columns), 64), 0, columns, 0);
        row.reserve(columns);
        tile.blockColumns = format.blockColumns;
        tile.x = new float[RowSet.TILE_MAX * columns];
        tile.d = new float[RowSet.TILE_MAX * columns / 16];
        tile.start = tile.d;
        tile.startPairs = new int[RowSet.TILE_MAX * columns / 16];
        tile.xPairs = new int[RowSet.TILE_MAX * columns];
        tile.dsum = tile.d;
        tile.out = new float[RowSet.TILE_MAX * PackedFormat.GROUP_ROWS];
    }

    /// Calls every kernel of `format`. In a process that has just started this takes 0.4 s of two
    /// processors; any thread.
    static void run(PackedFormat format) {
        try (Arena arena = Arena.ofShared()) {
            var warmUp = new KernelWarmUp(format, arena);
            for (int i = 0; i < CALLS; i++) {
                warmUp.call(i % WORKING == 0 ? 1 : 0);
            }
        }
    }

    private void call(int blocks) {
        step.count = blocks;
        tile.blocks = blocks;
        BlockScales.read(step, tile.scales, tile.minimums);
        CodePanels.decode(step, tile.panel);
        if (format.quantisesRows()) {
            row.quantise(32 * blocks, format.blockColumns);
            row.pair(32 * blocks, CodeDots.usesCorrections(format));
            CodeDots.sums(step, row, 0, sums);
        }
        if (CodeTiles.multiplies(format, 2)) {
            for (int left = RowSet.TILE_MAX; left > 0; left -= 2) {
                CodeTiles.multiply(step, tile, CodeTiles.tileRows(format, left));
            }
        }
        if (format.hasMinimum()) {
            BlockSums.addWithMinimums(sums, blocks, tile.scales, tile.minimums, row, 0, out);
            PanelProduct.rows6WithMinimums(tile);
            PanelProduct.rows2WithMinimums(tile);
            PanelProduct.rows1WithMinimums(tile);
        } else {
            BlockSums.add(sums, blocks, tile.scales, row, 0, CodeDots.zeroLeft(format), out);
            PanelProduct.rows6(tile);
            PanelProduct.rows2(tile);
            PanelProduct.rows1(tile);
        }
    }
}
