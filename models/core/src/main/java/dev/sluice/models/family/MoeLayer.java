package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.router.MoeBlock;
import dev.sluice.router.SharedExpert;

/// A [MoeBlock] in the place of a layer's feed-forward part.
record MoeLayer(Kernels kernels, MoeBlock block, MoeBlock.Scratch scratch) implements Sublayer {

    @Override
    public void forward(Step step, Matrix x, Matrix out) {
        block.forward(kernels, x, scratch, out);
    }

    /// A dense gated layer that every token passes: plain (DeepSeek, GLM, Granite), or weighted by
    /// the sigmoid of a gate of its own (Qwen2-MoE).
    ///
    /// @param gate  [1,D], or no rows
    record Shared(GatedMlp mlp, Matrix gate, Scratch scratch) implements SharedExpert {

        /// Shared by all layers.
        record Scratch(RowBuffer out, RowBuffer gateLogits) {
            static Scratch of(Kernels kernels, int maxRows, int hidden) {
                return new Scratch(new RowBuffer(kernels, DType.F32, maxRows, hidden),
                        new RowBuffer(kernels, DType.F32, maxRows, 1));
            }
        }

        @Override
        public void addTo(Kernels kernels, Matrix x, Matrix out) {
            Matrix y = scratch.out.rows(x.rows());
            mlp.forward(x, y);
            if (gate.rows() == 0) {
                kernels.add(out, y, 1);
                return;
            }
            Matrix gateLogits = scratch.gateLogits.rows(x.rows());
            kernels.matmul(x, gate, gateLogits);
            kernels.addGated(out, gateLogits, y);
        }
    }
}
