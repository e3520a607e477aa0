package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.Batch;
import dev.sluice.models.MalformedBatchException;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// What generating and embedding decoders share: embeddings and layers, up to the last hidden
/// states before the final norm. Engine thread only.
final class DecoderStack {
    private final Kernels kernels;
    private final ModelConfig config;
    private final Limits limits;
    private final Matrix embedding;
    private final float embeddingScale;
    /// An array: an iterator would be garbage of every step.
    private final DecoderLayer[] layers;
    private final Step step;
    private final Residual residual;
    private final RowBuffer hidden;
    private Runnable pause = () -> { };

    /// @param embedding  [V,D] with rows that can be read alone
    record Weights(Matrix embedding, float embeddingScale, List<DecoderLayer> layers) { }

    DecoderStack(Kernels kernels, ModelConfig config, Limits limits, KvLayers kv,
            Weights weights) {
        this.kernels = kernels;
        this.config = config;
        this.limits = limits;
        embedding = weights.embedding;
        embeddingScale = weights.embeddingScale;
        layers = weights.layers.toArray(DecoderLayer[]::new);
        step = new Step(kernels, kv.plan(), kv.ropes(), limits);
        residual = new Residual(kernels, limits.maxRows(), config.hidden(), config.normEpsilon(),
                config.scales().residual());
        hidden = new RowBuffer(kernels, DType.F32, limits.maxRows(), config.hidden());
    }

    /// Hidden states [T,D] of the batch's rows; scratch that the next call overwrites.
    Matrix forward(Batch batch) {
        check(batch);
        step.fill(batch);
        Matrix x = hidden.rows(batch.rowCount());
        kernels.embed(embedding, step.tokenIds(), embeddingScale, x);
        for (DecoderLayer layer : layers) {
            layer.forward(kernels, step, residual, x);
            pause.run();
        }
        return x;
    }

    void pauseBetweenLayers(Runnable action) {
        pause = action;
    }

    private void check(Batch batch) {
        if (batch.rowCount() < 1 || batch.rowCount() > limits.maxRows()
                || batch.sequenceCount() > limits.maxSequences()) {
            throw new MalformedBatchException("%d rows of %d sequences, room for %d of %d"
                    .formatted(
                    batch.rowCount(), batch.sequenceCount(), limits.maxRows(),
                    limits.maxSequences()));
        }
        for (int r = 0; r < batch.rowCount(); r++) {
            if (batch.tokenId(r) < 0 || batch.tokenId(r) >= config.vocab()) {
                throw new MalformedBatchException("token %d of a vocabulary of %d"
                        .formatted(batch.tokenId(r), config.vocab()));
            }
        }
    }
}
