package dev.sluice.kernels.vector;

/// Operands of one [PanelProduct] or [CodeTiles] call. One object per worker, changed from call to
/// call, so that a product allocates nothing.
final class PanelTile {
    /// Decoded weights of a step: [columns][32 rows].
    final float[] panel = new float[PackedFormat.STEP_COLUMNS * PackedFormat.GROUP_ROWS];
    /// [blocks][32 rows]
    final float[] scales = new float[PackedFormat.STEP_COLUMNS / 16 * PackedFormat.GROUP_ROWS];
    final float[] minimums = new float[PackedFormat.STEP_COLUMNS / 16 * PackedFormat.GROUP_ROWS];
    /// Columns of a block, 16 or 32, and blocks of the step.
    int blockColumns;
    int blocks;
    /// Rows of x of the tile: [columns / 32][rows][32], from `xFrom` on.
    float[] x = {};
    int xFrom;
    /// The same as 16-bit integers, each in both halves, for [CodeTiles].
    int[] xPairs = {};
    /// Their scales and scaled sums: [blocks][rows], from `dFrom` on, and what the sum of a block
    /// starts from in [CodeTiles].
    float[] start = {};
    int[] startPairs = {};
    float[] d = {};
    float[] dsum = {};
    int dFrom;
    /// Sums of blocks in [CodeTiles]: [blocks][rows][32], or 16 pairs of them.
    final float[] sums = new float[PackedFormat.STEP_COLUMNS / 32 * RowSet.TILE_MAX
            * PackedFormat.GROUP_ROWS];
    final int[] pairSums = new int[PackedFormat.STEP_COLUMNS / 32 * 4
            * PackedFormat.GROUP_ROWS / 2];
    /// Outputs [rows][32] from `outFrom` on.
    float[] out = {};
    int outFrom;
}
