package dev.sluice.models.family;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.kernels.RowMap;
import dev.sluice.models.family.GroupedAttention.Linear;

/// One layer of a BERT-family encoder, normed after each sublayer:
///
///     x = norm(x + output(attention(query(x), key(x), value(x))))
///     x = norm(x + down(gelu(up(x))))              or with down(silu(gate(x)) * up(x))
///
/// Every row of a text sees all of it: keys and values go through pages as a decoder's do, and the
/// rows of a text all stand at its last position. One thread.
final class BertLayer {
    private final Kernels kernels;
    private final Weights weights;
    private final Scratch scratch;

    /// weight [1,D] and bias [1,D]
    record Norm(Matrix weight, Matrix bias, float epsilon) {
        /// out = norm(x); out may be x.
        void forward(Kernels kernels, Matrix x, Matrix out) {
            kernels.layerNorm(x, weight, bias, epsilon, out);
        }
    }

    /// @param gate  without rows where the feed-forward layer has none
    record Weights(Linear query, Linear key, Linear value, Linear output, Norm attentionNorm,
            Linear gate, Linear up, Linear down, Norm outputNorm) { }

    /// Shared by all layers: keys and values of one layer are not needed after it.
    record Scratch(RowBuffer query, RowBuffer key, RowBuffer value, RowBuffer attended,
            RowBuffer delta, RowBuffer inner, RowBuffer gate, KvPages pages) {

        static Scratch of(Kernels kernels, BertConfig c, int maxRows, int pages) {
            return new Scratch(buffer(kernels, maxRows, c.hidden()),
                    buffer(kernels, maxRows, c.hidden()), buffer(kernels, maxRows, c.hidden()),
                    buffer(kernels, maxRows, c.hidden()), buffer(kernels, maxRows, c.hidden()),
                    buffer(kernels, maxRows, c.feedForward()),
                    buffer(kernels, c.ropeBase() > 0 ? maxRows : 1, c.feedForward()),
                    kernels.allocateKv(DType.F32, pages, DecoderLoader.PAGE_SIZE, c.heads(),
                            c.headDim(), c.headDim(), false));
        }

        private static RowBuffer buffer(Kernels kernels, int rows, int cols) {
            return new RowBuffer(kernels, DType.F32, rows, cols);
        }
    }

    /// The texts of one call.
    ///
    /// @param map     all rows of a text at its last position
    /// @param angles  [T,dims] of their true positions; no columns where positions are learned
    record Texts(RowMap map, Matrix angles) { }

    BertLayer(Kernels kernels, Weights weights, Scratch scratch) {
        this.kernels = kernels;
        this.weights = weights;
        this.scratch = scratch;
    }

    /// x [T,D], in place
    void forward(Texts texts, AttentionSpec spec, Matrix x) {
        Matrix delta = scratch.delta.rows(x.rows());
        attention(texts, spec, x, delta);
        kernels.add(x, delta, 1);
        weights.attentionNorm.forward(kernels, x, x);
        feedForward(x, delta);
        kernels.add(x, delta, 1);
        weights.outputNorm.forward(kernels, x, x);
    }

    private void attention(Texts texts, AttentionSpec spec, Matrix x, Matrix out) {
        int rows = x.rows();
        Matrix q = scratch.query.rows(rows);
        Matrix k = scratch.key.rows(rows);
        Matrix v = scratch.value.rows(rows);
        weights.query.forward(kernels, x, q);
        weights.key.forward(kernels, x, k);
        weights.value.forward(kernels, x, v);
        if (texts.angles.cols() > 0) {
            kernels.rope(scratch.query.heads(rows, spec.heads()), 0, texts.angles,
                    RopeSpec.Pairing.HALVES);
            kernels.rope(scratch.key.heads(rows, spec.heads()), 0, texts.angles,
                    RopeSpec.Pairing.HALVES);
        }
        kernels.storeKeys(k, 0, scratch.pages, texts.map.slots());
        kernels.storeValues(v, scratch.pages, texts.map.slots());
        Matrix attended = scratch.attended.rows(rows);
        kernels.attention(spec, q, scratch.pages, texts.map, attended);
        weights.output.forward(kernels, attended, out);
    }

    private void feedForward(Matrix x, Matrix out) {
        Matrix inner = scratch.inner.rows(x.rows());
        weights.up.forward(kernels, x, inner);
        if (weights.gate.weight().rows() > 0) {
            Matrix gate = scratch.gate.rows(x.rows());
            weights.gate.forward(kernels, x, gate);
            kernels.gatedActivation(Activation.SILU, gate, inner, inner);
        } else {
            kernels.gelu(inner);
        }
        weights.down.forward(kernels, inner, out);
    }
}
