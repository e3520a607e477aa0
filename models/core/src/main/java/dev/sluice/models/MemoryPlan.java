package dev.sluice.models;

import dev.sluice.router.ExpertStatistics;

/// What a model takes, known before anything is allocated.
///
/// @param weightBytes   all weights that are in memory, as stored in the file; a backend's
///                      repacked form is about the same
/// @param experts       the part of them that belongs to experts
/// @param kvBytes       pages of keys and values
/// @param scratchBytes  activations of one step, and the counts of visits to experts
public record MemoryPlan(long weightBytes, ExpertPlan experts, long kvBytes, long scratchBytes) {

    /// Experts of an MoE model; all 0 for a dense one.
    ///
    /// @param storedBytes   in the file
    /// @param memoryBytes   kept in memory: all, or the budget
    /// @param minimumBytes  least budget: a token's experts of one layer and one more
    public record ExpertPlan(long storedBytes, long memoryBytes, long minimumBytes) {
        /// Whether some experts stay in the file.
        public boolean cached() { return memoryBytes < storedBytes; }
    }

    public long totalBytes() {
        return weightBytes + kvBytes + scratchBytes;
    }

    /// The plan for a config: its pages, and the widest activations.
    static MemoryPlan of(ModelConfig config, int maxRows, KvPlan kv, long storedBytes,
            ExpertPlan experts) {
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
        long statistics = ExpertStatistics.bytes(
                config.layers() - config.experts().denseLayers(), config.experts().experts());
        return new MemoryPlan(storedBytes - experts.storedBytes() + experts.memoryBytes(), experts,
                kv.byteSize(), scratch + statistics + 16L * 4 * config.vocab());
    }

    @Override
    public String toString() {
        String cached = experts.cached() ? " (experts %,d of %,d)".formatted(
                experts.memoryBytes, experts.storedBytes) : "";
        return "weights %,d bytes%s, keys and values %,d, scratch %,d".formatted(
                weightBytes, cached, kvBytes, scratchBytes);
    }
}
