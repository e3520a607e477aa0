package dev.sluice.models;

import dev.sluice.models.family.EncoderLoader;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;

/// What opening an encoder would give. Nothing is loaded.
public record EncoderPlan(EncoderConfig config, MemoryPlan memory) {

    /// Whether the file is an encoder rather than a model that generates: a BERT, or a decoder
    /// that says how its hidden states are pooled.
    public static boolean describes(TensorFile file) {
        return EncoderLoader.describes(file);
    }

    /// Reads the config of an opened file. What is not supported is an
    /// [UnsupportedModelException].
    public static EncoderPlan of(TensorFile file, EncoderOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            EncoderLoader loader = EncoderLoader.of(file, options, arena);
            return new EncoderPlan(loader.config(), loader.memory());
        }
    }
}
