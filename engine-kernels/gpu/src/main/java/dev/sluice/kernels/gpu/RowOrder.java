package dev.sluice.kernels.gpu;

import dev.sluice.kernels.Matrix;

/// Rows sorted by group (an expert or a head), on the device.
///
/// @param starts  [1, groups + 1] first sorted row of each group; the last is how many there are
/// @param order   [1, rows] which row stands at each sorted place
/// @param tiles   [2, tileMax] group (-1 for none) and first sorted row of each tile
/// @param groups  0 for no order: every row stands where it is
/// @param few     whether tiles have [GpuKernel#FEW_ROWS] rows rather than [GpuKernel#TILE]
record RowOrder(Matrix starts, Matrix order, Matrix tiles, int groups, boolean few) {
    static final RowOrder NONE =
            new RowOrder(Matrix.none(1), Matrix.none(1), Matrix.none(1), 0, false);

    static int tileRows(boolean few) {
        return few ? GpuKernel.FEW_ROWS : GpuKernel.TILE;
    }
}
