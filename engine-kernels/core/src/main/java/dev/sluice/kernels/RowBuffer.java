package dev.sluice.kernels;

/// Scratch for as many rows as a step may have, and the view of as many as this step has. The view
/// is kept between steps, so that a decode, whose row count does not change, makes none.
/// One thread at a time.
public final class RowBuffer {
    private final Matrix whole;
    private Matrix view;
    private Matrix heads;

    public RowBuffer(Kernels kernels, DType dtype, int maxRows, int cols) {
        whole = kernels.allocate(dtype, maxRows, cols);
        view = whole;
        heads = whole;
    }

    /// The first `count` rows: [count, cols].
    public Matrix rows(int count) {
        if (view.rows() != count) {
            view = whole.rows(0, count);
        }
        return view;
    }

    /// The first `count` rows by heads: [count*headCount, cols/headCount].
    public Matrix heads(int count, int headCount) {
        int headCols = whole.cols() / headCount;
        if (heads.rows() != count * headCount || heads.cols() != headCols) {
            heads = rows(count).reshape(count * headCount, headCols);
        }
        return heads;
    }
}
