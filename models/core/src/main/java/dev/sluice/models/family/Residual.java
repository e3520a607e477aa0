package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;

/// The residual stream's scratch and constants, shared by all layers. Engine thread only.
final class Residual {
    private final RowBuffer normed;
    private final RowBuffer delta;
    private final float epsilon;
    private final float scale;

    Residual(Kernels kernels, int maxRows, int hidden, float epsilon, float scale) {
        normed = new RowBuffer(kernels, DType.F32, maxRows, hidden);
        delta = new RowBuffer(kernels, DType.F32, maxRows, hidden);
        this.epsilon = epsilon;
        this.scale = scale;
    }

    Matrix normed(int rows) { return normed.rows(rows); }

    Matrix delta(int rows) { return delta.rows(rows); }

    float epsilon() { return epsilon; }

    float scale() { return scale; }
}
