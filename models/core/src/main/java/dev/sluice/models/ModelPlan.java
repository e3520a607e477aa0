package dev.sluice.models;

import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;

/// What opening a model would give: its graph's config and the memory it would take. Nothing is
/// loaded.
///
/// @param positions of one sequence, as far as the pages of `kv` go
public record ModelPlan(ModelConfig config, int positions, KvPlan kv, MemoryPlan memory) {

    /// Reads the config of an opened file. A family that is not supported is an
    /// [UnsupportedModelException].
    public static ModelPlan of(TensorFile file, LoadOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            var loader = DecoderLoader.of(file, options.contextTokens(), arena);
            return of(loader, file, options);
        }
    }

    /// Refuses a KV budget that is too small with an [InsufficientMemoryException].
    static ModelPlan of(DecoderLoader loader, TensorFile file, LoadOptions options) {
        ModelConfig config = loader.config();
        int wanted = options.contextTokens() > 0 ? options.contextTokens()
                : Math.min(config.contextLength(), LoadOptions.DEFAULT_CONTEXT_MAX);
        KvPlan kv = loader.kvGroups(options.kvType()).within(
                options.kvBytes(), options.sequences(), wanted, options.maxRows());
        return new ModelPlan(config, kv.positions(wanted, options.maxRows()), kv,
                MemoryPlan.of(config, options.maxRows(), kv, LoadedModel.weightBytes(file)));
    }
}
