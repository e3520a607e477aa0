package dev.sluice.bridge.host;

import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.MemoryPlan;
import dev.sluice.runtime.EncoderEngine;
import dev.sluice.runtime.StepTurns;

/// A loaded encoder: texts that arrive together are encoded together. Any thread.
public final class HostedEncoder implements Hosted {
    private final String name;
    private final MemoryPlan memory;
    private final EncoderEngine engine;

    /// Takes the encoder over: it is closed with this.
    ///
    /// @param waitingMax  texts that may wait
    /// @param turn        when its batches may run
    public HostedEncoder(String name, LoadedEncoder loaded, int waitingMax, StepTurns.Turn turn) {
        this.name = name;
        memory = loaded.memory();
        engine = new EncoderEngine(loaded, waitingMax, turn);
    }

    @Override
    public String name() { return name; }

    @Override
    public MemoryPlan memory() { return memory; }

    public EncoderEngine engine() { return engine; }

    public EncoderConfig config() { return engine.config(); }

    @Override
    public String purpose() { return purpose(config().task()); }

    static String purpose(EncoderTask task) {
        return switch (task) {
            case EMBEDDING -> "an embedding model: it answers at /v1/embeddings";
            case RERANKER -> "a reranker: it answers at /v1/rerank";
            case CLASSIFIER -> "a classifier: it has no endpoint of its own";
        };
    }

    @Override
    public void close() {
        engine.close();
    }
}
