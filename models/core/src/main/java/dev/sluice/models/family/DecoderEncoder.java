package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.KvPlan;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.TextEncoder;

/// A decoder whose hidden states are pooled, as in Qwen3-Embedding (Zhang et al. 2025): causal
/// attention, the final norm, usually the last row. A long batch goes through in steps of few
/// rows; a text's keys and values stay in pages of its own until the batch is done. One thread.
final class DecoderEncoder implements TextEncoder {
    private final Kernels kernels;
    private final EncoderConfig config;
    private final ModelConfig model;
    private final Built built;
    private final TextPooling pooling;
    private final Batch steps;
    private final float[] pooled;
    private boolean closed;

    /// Room for batches.
    ///
    /// @param step      of one step through the layers
    /// @param maxRows   of one batch
    record Sizes(Limits step, int maxRows, int maxTexts) { }

    /// What [DecoderLoader] has built.
    ///
    /// @param norm     [1,D], after the last layer
    /// @param closing  frees what the weights are views of
    record Built(DecoderStack stack, Matrix norm, ScoreHead head, KvPlan kv, Sizes sizes,
            Runnable closing) { }

    DecoderEncoder(Kernels kernels, EncoderConfig config, ModelConfig model, Built built) {
        this.kernels = kernels;
        this.config = config;
        this.model = model;
        this.built = built;
        Limits step = built.sizes.step();
        pooling = new TextPooling(config.pooling(), model.hidden(), step.maxRows(),
                built.sizes.maxTexts());
        steps = new Batch(step.maxRows(), step.maxSequences());
        pooled = new float[built.sizes.maxTexts() * model.hidden()];
    }

    /// Pages of a group so that every batch finds room: full ones for its rows, and each text's
    /// last one.
    static int pages(int maxRows, int maxTexts, int pageSize) {
        return Math.ceilDiv(maxRows, pageSize) + maxTexts;
    }

    @Override
    public EncoderConfig config() { return config; }

    @Override
    public int vocab() { return model.vocab(); }

    @Override
    public int maxRows() { return built.sizes.maxRows(); }

    @Override
    public int maxTexts() { return built.sizes.maxTexts(); }

    @Override
    public void encode(EncoderBatch batch, float[] out) {
        EncoderChecks.require(this, batch, out);
        int[][][] pages = pages(batch);
        pooling.begin(batch);
        int text = 0;
        for (int row = 0; row < batch.rowCount();) {
            int end = fill(batch, row, text, pages);
            Matrix x = built.stack.forward(steps);
            kernels.rmsNorm(x, built.norm, model.normEpsilon(), x);
            pooling.add(kernels, batch, row, text, x);
            row = end;
            while (text < batch.textCount() && batch.start(text) + batch.length(text) <= row) {
                text++;
            }
        }
        switch (config.task()) {
            case EMBEDDING -> pooling.finish(batch, config.normalized(), out);
            case RERANKER, CLASSIFIER -> {
                pooling.finish(batch, false, pooled);
                built.head.forward(pooled, batch.textCount(), out);
            }
        }
    }

    @Override
    public void pauseBetweenLayers(Runnable action) {
        built.stack.pauseBetweenLayers(action);
    }

    /// The pages of each text in every KV group, one text's after another's.
    private int[][][] pages(EncoderBatch batch) {
        int groups = built.kv.groups().size();
        var pages = new int[batch.textCount()][groups][];
        int next = 0;
        for (int text = 0; text < batch.textCount(); text++) {
            var own = new int[Math.ceilDiv(batch.length(text), built.kv.pageSize())];
            for (int i = 0; i < own.length; i++) {
                own[i] = next++;
            }
            java.util.Arrays.fill(pages[text], own);
        }
        return pages;
    }

    /// Fills the step with rows from `row` on, which is of `text`; the row after its last one.
    private int fill(EncoderBatch batch, int row, int text, int[][][] pages) {
        steps.clear();
        int at = row;
        int end = Math.min(batch.rowCount(), row + built.sizes.step().maxRows());
        for (int t = text; at < end; t++) {
            steps.sequence(pages[t]);
            int start = batch.start(t);
            for (; at < Math.min(end, start + batch.length(t)); at++) {
                steps.row(batch.tokenId(at), at - start, false);
            }
        }
        return end;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            kernels.close();
            built.closing.run();
        }
    }
}
