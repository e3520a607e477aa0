package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import dev.sluice.models.ModelConfig;
import java.lang.foreign.MemorySegment;

/// A decoder-only transformer of any family: embeddings, layers, head. Engine thread only.
final class Decoder implements CausalLm {
    private final Kernels kernels;
    private final ModelConfig config;
    private final Limits limits;
    private final DecoderStack stack;
    private final LogitsHead head;
    private final KvLayers kv;
    private final ExpertHooks hooks;
    private final Runnable closing;
    private boolean closed;

    /// What [DecoderLoader] has built.
    ///
    /// @param closing  frees what the weights are views of
    record Built(DecoderStack stack, LogitsHead head, KvLayers kv, ExpertHooks hooks,
            Runnable closing) { }

    Decoder(Kernels kernels, ModelConfig config, Limits limits, Built built) {
        this.kernels = kernels;
        this.config = config;
        this.limits = limits;
        stack = built.stack;
        head = built.head;
        kv = built.kv;
        hooks = built.hooks;
        closing = built.closing;
    }

    @Override
    public void forward(Batch batch, Matrix logits) {
        Matrix x = stack.forward(batch);
        head.forward(batch, x, logits);
        hooks.observer().onStepEnd(kernels);
    }

    @Override
    public void pauseBetweenLayers(Runnable action) {
        stack.pauseBetweenLayers(action);
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
