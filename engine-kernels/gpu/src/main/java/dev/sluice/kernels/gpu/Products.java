package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.util.List;

/// Products with weights as files encode them: dense, and grouped by head or expert. Which kernel
/// runs depends on the number of rows; the bits do not. Engine thread only.
final class Products {
    /// Rows up to which a group shares the blocks of few outputs: beyond, a tile reads each weight
    /// once for 32 rows instead of once for 4.
    private static final int FEW_ROWS_MAX = 8;

    private final Launch launch;
    private final Workspace workspace;
    private final StagedRows staged;
    private final WeightPlaces places;

    Products(Device device, Launch launch, Workspace workspace) {
        this.launch = launch;
        this.workspace = workspace;
        staged = new StagedRows(launch, workspace);
        places = new WeightPlaces(device);
    }

    WeightPlaces places() { return places; }

    StagedRows staged() { return staged; }

    /// Where a grouped product writes: row `rows`[i], or row i when it has no rows, of `out` from
    /// `column` on, plus row g of `bias` when it has rows.
    record Target(Matrix out, int column, Matrix rows, Matrix bias) { }

    /// out [T,N] = x [T,K] * weight [N,K]^T
    void matmul(Matrix x, Matrix weight, Matrix out) {
        if (x.rows() == 0) {
            return;
        }
        staged.inPlace(x, weight.dtype());
        boolean few = x.rows() <= FEW_ROWS_MAX;
        int rows = RowOrder.tileRows(few);
        int outputs = few ? GpuKernel.FEW_OUTPUTS : GpuKernel.TILE;
        launch.of(few ? GpuKernel.PRODUCT_FEW : GpuKernel.PRODUCT_TILES, weight.dtype())
                .matrix(weight).matrix(staged.rows()).matrix(staged.scales())
                .matrix(staged.sums()).integer(x.rows()).integer(x.cols())
                .integer(weight.rows()).matrix(out)
                .groups(Math.ceilDiv(weight.rows(), outputs), Math.ceilDiv(x.rows(), rows));
    }

    /// For each head h: out rows t*H+h, columns outColumn.. = x rows t*H+h, columns xColumn..
    /// times weights[h] [N,K]^T
    void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        if (x.rows() == 0) {
            return;
        }
        int heads = weights.size();
        RowOrder order = byHead(x.rows() / heads, heads);
        WeightPlaces.Table table = places.of(weights, heads, h -> h);
        staged.ordered(x, xColumn, weights.getFirst().cols(), table.dtype(), order, 1);
        grouped(table, weights.getFirst(), order,
                new Target(out, outColumn, order.order(), Matrix.none(1)));
    }

    private RowOrder byHead(int rows, int heads) {
        boolean few = rows <= FEW_ROWS_MAX;
        int tileRows = RowOrder.tileRows(few);
        int tileMax = Math.ceilDiv(rows, tileRows) * heads;
        Matrix starts = workspace.room(Workspace.Room.STARTS, DType.I32, 1, heads + 1);
        Matrix order = workspace.room(Workspace.Room.ORDER, DType.I32, 1, rows * heads);
        Matrix tiles = workspace.room(Workspace.Room.TILES, DType.I32, 2, tileMax);
        launch.of(GpuKernel.ORDER_HEADS).integer(rows).integer(heads).integer(tileRows)
                .matrix(starts).matrix(order).matrix(tiles).integer(tileMax)
                .lanes(Math.max(rows * heads, heads + 1));
        return new RowOrder(starts, order, tiles, heads, few);
    }

    /// The staged rows, in `order`, each times its group's weight; `shape` is one of the weights.
    void grouped(WeightPlaces.Table table, Matrix shape, RowOrder order, Target target) {
        GpuKernel kernel = order.few() ? GpuKernel.PRODUCT_GROUPED_FEW
                : GpuKernel.PRODUCT_GROUPED_TILES;
        int outputs = order.few() ? GpuKernel.FEW_OUTPUTS : GpuKernel.TILE;
        for (int base = 0; base < table.bases().length; base++) {
            launch.of(kernel, table.dtype()).matrix(table.bases()[base]).integer(base)
                    .matrix(table.places()).matrix(staged.rows()).matrix(staged.scales())
                    .matrix(staged.sums()).matrix(order.starts()).matrix(order.tiles())
                    .integer(order.tiles().cols()).integer(shape.cols()).integer(shape.rows())
                    .matrix(target.bias).flag(target.bias.rows() > 0)
                    .matrix(target.rows).flag(target.rows.rows() > 0)
                    .matrix(target.out).integer(target.out.cols()).integer(target.column)
                    .groups(Math.ceilDiv(shape.rows(), outputs), order.tiles().cols());
        }
    }
}
