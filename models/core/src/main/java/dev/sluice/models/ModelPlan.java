package dev.sluice.models;

import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;

/// What opening a model would give: its graph's config and the memory it would take. Nothing is
/// loaded.
///
/// @param positions of one sequence
public record ModelPlan(ModelConfig config, int positions, MemoryPlan memory) {

    /// Reads the config of an opened file. A family that is not supported is an
    /// [UnsupportedModelException].
    public static ModelPlan of(TensorFile file, LoadOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            var loader = DecoderLoader.of(file, options.contextTokens(), arena);
            return of(loader.config(), file, options);
        }
    }

    static ModelPlan of(ModelConfig config, TensorFile file, LoadOptions options) {
        int positions = options.contextTokens() > 0 ? options.contextTokens()
                : Math.min(config.contextLength(), LoadOptions.DEFAULT_CONTEXT_MAX);
        return new ModelPlan(config, positions,
                MemoryPlan.of(config, options, positions, LoadedModel.weightBytes(file)));
    }
}
