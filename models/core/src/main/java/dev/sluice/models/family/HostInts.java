package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;

/// Integers on their way to the device: filled row by row, sent with as many rows as are full. The
/// view is kept while the row count stays, so that a decode makes none. Engine thread only.
final class HostInts {
    private final int[] values;
    private final Matrix whole;
    private final int cols;
    private Matrix view;

    HostInts(int maxRows, int cols) {
        this.cols = cols;
        values = new int[maxRows * cols];
        whole = Matrix.host(values, maxRows, cols);
        view = whole;
    }

    void set(int row, int value) {
        values[row] = value;
    }

    /// Fills a row with the first of `from`, and with zeros where it is shorter.
    void setRow(int row, int[] from) {
        int count = Math.min(cols, from.length);
        System.arraycopy(from, 0, values, row * cols, count);
        java.util.Arrays.fill(values, row * cols + count, (row + 1) * cols, 0);
    }

    /// Copies the first rows into all of `device`.
    void send(Kernels kernels, Matrix device) {
        if (view.rows() != device.rows()) {
            view = whole.rows(0, device.rows());
        }
        kernels.write(view, device);
    }
}
