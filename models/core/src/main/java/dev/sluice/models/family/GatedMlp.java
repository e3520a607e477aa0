package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;

/// The gated feed-forward layer (Shazeer 2020, "GLU variants improve transformer"):
/// down(activation(gate(x)) * up(x)).
final class GatedMlp implements Sublayer {
    private final Kernels kernels;
    private final Activation activation;
    private final Matrix gate;
    private final Matrix up;
    private final Matrix down;
    private final Scratch scratch;

    /// Rows of the inner width, shared by all layers of that width.
    record Scratch(RowBuffer gate, RowBuffer up) {
        static Scratch of(Kernels kernels, int maxRows, int inner) {
            return new Scratch(new RowBuffer(kernels, DType.F32, maxRows, inner),
                    new RowBuffer(kernels, DType.F32, maxRows, inner));
        }
    }

    /// @param gate  [F,D]
    /// @param up    [F,D]
    /// @param down  [D,F]
    GatedMlp(Kernels kernels, Activation activation, Matrix gate, Matrix up, Matrix down,
            Scratch scratch) {
        this.kernels = kernels;
        this.activation = activation;
        this.gate = gate;
        this.up = up;
        this.down = down;
        this.scratch = scratch;
    }

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        forward(x, out);
    }

    /// out [T,D] = mlp(x [T,D])
    void forward(Matrix x, Matrix out) {
        Matrix g = scratch.gate.rows(x.rows());
        Matrix u = scratch.up.rows(x.rows());
        kernels.matmul(x, gate, g);
        kernels.matmul(x, up, u);
        kernels.gatedActivation(activation, g, u, g);
        kernels.matmul(g, down, out);
    }
}
