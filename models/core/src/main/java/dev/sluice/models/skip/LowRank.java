package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// An affine map of low rank: y = up (down x) + bias. Immutable; the arrays belong to it.
///
/// @param down  [rank, D]
/// @param up    [D, rank]
/// @param bias  [D]; with rank 0 the map is this constant
public record LowRank(int rank, float[] down, float[] up, float[] bias) {

    public LowRank {
        if (rank < 0 || bias.length == 0 || rank > bias.length
                || down.length != rank * bias.length || up.length != down.length) {
            throw new IllegalArgumentException(
                    "rank %d, %d elements of bias, %d down, %d up".formatted(
                            rank, bias.length, down.length, up.length));
        }
    }

    public int hidden() { return bias.length; }

    /// y [D] = the map of row `row` of x [T,D], host memory
    void apply(Matrix x, int row, double[] y) {
        for (int i = 0; i < y.length; i++) {
            y[i] = bias[i];
        }
        for (int r = 0; r < rank; r++) {
            double narrow = 0;
            for (int i = 0; i < y.length; i++) {
                narrow += (double) down[r * y.length + i] * x.f32(row, i);
            }
            for (int i = 0; i < y.length; i++) {
                y[i] += narrow * up[i * rank + r];
            }
        }
    }

    /// Always zero: what plain skipping puts in the place of a sublayer.
    static LowRank zero(int hidden) {
        return new LowRank(0, new float[0], new float[0], new float[hidden]);
    }
}
