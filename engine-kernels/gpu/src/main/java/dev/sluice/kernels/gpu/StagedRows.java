package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;

/// Rows of x in the form that a product of one encoding reads: codes of 8 bits with scales and
/// sums for integer encodings, the floats themselves for the others. Valid until the next rows are
/// staged. Engine thread only.
final class StagedRows {
    private static final Matrix NONE = Matrix.none(1);

    private final Launch launch;
    private final Workspace workspace;
    private Matrix rows = NONE;
    private Matrix scales = NONE;
    private Matrix sums = NONE;

    StagedRows(Launch launch, Workspace workspace) {
        this.launch = launch;
        this.workspace = workspace;
    }

    /// Codes or floats.
    Matrix rows() { return rows; }

    Matrix scales() { return scales; }

    Matrix sums() { return sums; }

    /// Whether weights of that type are multiplied with codes.
    static boolean quantises(DType encoding) {
        return switch (encoding) {
            case F32, F16, BF16, F8_E4M3 -> false;
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS,
                    MXFP4 -> true;
            case I32 -> throw new IllegalArgumentException("I32 is no weight");
        };
    }

    /// All rows of x [T,K] as they come.
    void inPlace(Matrix x, DType encoding) {
        if (quantises(encoding)) {
            stage(x, 0, x.cols(), x.rows(), RowOrder.NONE, 1, true);
        } else {
            rows = x;
            scales = NONE;
            sums = NONE;
        }
    }

    /// Row i is columns xColumn.. + cols of row order[i] / divisor of x.
    void ordered(Matrix x, int xColumn, int cols, DType encoding, RowOrder order, int divisor) {
        stage(x, xColumn, cols, order.order().cols(), order, divisor, quantises(encoding));
    }

    private void stage(Matrix x, int xColumn, int cols, int count, RowOrder order, int divisor,
            boolean codes) {
        launch.of(codes ? GpuKernel.QUANTISE_ROWS : GpuKernel.ORDER_ROWS).matrix(x)
                .integer(x.cols()).integer(xColumn).matrix(order.order()).matrix(order.starts())
                .integer(order.groups()).flag(order.groups() > 0).integer(divisor).integer(count)
                .integer(cols);
        if (codes) {
            rows = workspace.room(Workspace.Room.CODES, DType.I32, count, cols / 4);
            scales = workspace.room(Workspace.Room.SCALES, DType.F32, count, cols / 32);
            sums = workspace.room(Workspace.Room.SUMS, DType.I32, count, cols / 16);
            launch.matrix(rows).matrix(scales).matrix(sums).lanes((long) count * (cols / 32));
        } else {
            rows = workspace.room(Workspace.Room.CODES, DType.F32, count, cols);
            scales = NONE;
            sums = NONE;
            launch.matrix(rows).lanes((long) count * cols);
        }
    }
}
