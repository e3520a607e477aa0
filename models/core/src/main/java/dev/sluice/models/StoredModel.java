package dev.sluice.models;

import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;

/// A model as its file stores it: the config and the weights, for whoever writes it in another
/// form. Nothing is run.
///
/// @param weights  by GGUF names; views that end with the file or the arena
public record StoredModel(ModelConfig config, WeightSource weights) {

    /// @param copies  owns what has to be rewritten
    public static StoredModel of(TensorFile file, Arena copies) {
        DecoderLoader loader = DecoderLoader.of(file, 0, copies);
        return new StoredModel(loader.config(), loader.weights());
    }
}
