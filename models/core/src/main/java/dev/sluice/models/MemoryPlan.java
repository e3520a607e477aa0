package dev.sluice.models;

/// What a model takes, known before anything is allocated.
///
/// @param weightBytes   as stored in the file; a backend's repacked form is about the same
/// @param kvBytes       pages of keys and values
/// @param scratchBytes  activations of one step
public record MemoryPlan(long weightBytes, long kvBytes, long scratchBytes) {

    public long totalBytes() {
        return weightBytes + kvBytes + scratchBytes;
    }

    /// The plan for a config: its pages, and the widest activations.
    static MemoryPlan of(ModelConfig config, int maxRows, KvPlan kv, long weightBytes) {
        ModelConfig.AttentionConfig a = config.attention();
        ModelConfig.LatentConfig l = config.latent();
        long perPosition = l.kvRank() > 0 ? l.kvRank() + l.ropeDim()
                : (long) a.kvHeads() * (a.keyDim() + a.valueDim());
        long attention = l.kvRank() > 0
                ? (long) a.heads() * (2L * l.kvRank() + 2L * l.ropeDim() + l.nopeDim()
                + l.valueDim())
                : (long) a.heads() * (a.keyDim() + a.valueDim()) + perPosition;
        long widest = Math.max(config.feedForward(), config.experts().sharedHidden());
        long scratch = 4L * maxRows * (3L * config.hidden() + attention + 2 * widest
                + (long) config.experts().topK() * (config.experts().hidden() + config.hidden()));
        return new MemoryPlan(weightBytes, kv.byteSize(), scratch + 16L * 4 * config.vocab());
    }

    @Override
    public String toString() {
        return "weights %,d bytes, keys and values %,d, scratch %,d".formatted(
                weightBytes, kvBytes, scratchBytes);
    }
}
