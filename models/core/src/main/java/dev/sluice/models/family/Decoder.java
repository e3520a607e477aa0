package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import dev.sluice.models.MalformedBatchException;
import dev.sluice.models.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A decoder-only transformer of any family: embeddings, layers, head. Engine thread only.
final class Decoder implements CausalLm {
    private final Kernels kernels;
    private final ModelConfig config;
    private final Limits limits;
    private final Matrix embedding;
    private final float embeddingScale;
    private final List<DecoderLayer> layers;
    private final LogitsHead head;
    private final KvLayers kv;
    private final Step step;
    private final Residual residual;
    private final RowBuffer hidden;
    private final ExpertHooks hooks;
    private final Runnable closing;
    private Runnable pause = () -> { };
    private boolean closed;

    /// What [DecoderLoader] has built.
    ///
    /// @param embedding  [V,D] with rows that can be read alone
    /// @param closing    frees what the weights are views of
    record Built(Matrix embedding, float embeddingScale, List<DecoderLayer> layers,
            LogitsHead head, KvLayers kv, ExpertHooks hooks, Runnable closing) { }

    Decoder(Kernels kernels, ModelConfig config, Limits limits, Built built) {
        this.kernels = kernels;
        this.config = config;
        this.limits = limits;
        embedding = built.embedding;
        embeddingScale = built.embeddingScale;
        layers = built.layers;
        head = built.head;
        kv = built.kv;
        hooks = built.hooks;
        closing = built.closing;
        step = new Step(kernels, kv.plan(), kv.ropes(), limits);
        residual = new Residual(kernels, limits.maxRows(), config.hidden(), config.normEpsilon(),
                config.scales().residual());
        hidden = new RowBuffer(kernels, DType.F32, limits.maxRows(), config.hidden());
    }

    @Override
    public void forward(Batch batch, Matrix logits) {
        check(batch);
        step.fill(batch);
        Matrix x = hidden.rows(batch.rowCount());
        kernels.embed(embedding, step.tokenIds(), embeddingScale, x);
        for (DecoderLayer layer : layers) {
            layer.forward(kernels, step, residual, x);
            pause.run();
        }
        head.forward(batch, x, logits);
        hooks.observer().onStepEnd(kernels);
    }

    @Override
    public void pauseBetweenLayers(Runnable action) {
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

    @Override
    public int vocab() { return config.vocab(); }

    @Override
    public int contextLength() { return limits.maxPositions(); }

    @Override
    public int maxRows() { return limits.maxRows(); }

    @Override
    public int maxSequences() { return limits.maxSequences(); }

    @Override
    public KvPlan kvPlan() { return kv.plan(); }

    @Override
    public void copyPage(int group, int from, int to) {
        kv.copyPage(group, from, to);
    }

    @Override
    public long pageBytes(int group) { return kv.pageBytes(group); }

    @Override
    public void exportPage(int group, int page, MemorySegment to) {
        kv.exportPage(group, page, to);
    }

    @Override
    public void importPage(int group, int page, MemorySegment from) {
        kv.importPage(group, page, from);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            hooks.store().close();
            kernels.close();
            closing.run();
        }
    }
}
