package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.WeightSource;

/// Weights of an encoder on their way to the backend, their shapes checked. Used while a model is
/// opened.
record WeightReader(Kernels kernels, WeightSource weights) {

    boolean has(String name) { return weights.has(name); }

    /// weight [rows,cols] prepared for products, and its bias if the file has one
    GroupedAttention.Linear linear(String name, int rows, int cols) {
        String bias = name + ".bias";
        return new GroupedAttention.Linear(
                kernels.prepare(shaped(name + ".weight", rows, cols)),
                weights.has(bias) ? vector(bias, rows) : Matrix.none(rows));
    }

    /// [rows,cols] whose rows can be read alone
    Matrix table(String name, int rows, int cols) {
        return kernels.upload(shaped(name, rows, cols));
    }

    Matrix shaped(String name, int rows, int cols) {
        Matrix m = weights.matrix(name);
        if (m.rows() != rows || m.cols() != cols) {
            throw new UnsupportedModelException(
                    "tensor %s is [%d,%d] where the model's sizes ask for [%d,%d]"
                            .formatted(name, m.rows(), m.cols(), rows, cols));
        }
        return m;
    }

    /// [1,cols] as F32
    Matrix vector(String name, int cols) {
        Matrix m = weights.matrix(name);
        Matrix row = m.reshape(1, m.rows() * m.cols());
        if (row.cols() != cols) {
            throw new UnsupportedModelException("tensor %s has %d elements, expected %d"
                    .formatted(name, row.cols(), cols));
        }
        if (row.dtype() == DType.F32) {
            return kernels.upload(row);
        }
        var values = new float[cols];
        Dequantiser.row(row, 0, values);
        return kernels.upload(Matrix.host(values, 1, cols));
    }
}
