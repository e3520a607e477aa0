package dev.sluice.models;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.family.EncoderLoader;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/// An encoder that is ready to run, and what belongs to it. Closing it closes the encoder.
///
/// @param encoder  one thread at a time
/// @param texts    any thread
/// @param memory   what the encoder takes
public record LoadedEncoder(TextEncoder encoder, EncoderTexts texts, MemoryPlan memory)
        implements AutoCloseable {

    /// Opens a GGUF file or a folder of safetensors on `kernels`, which belongs to the encoder from
    /// then on, also when opening fails.
    public static LoadedEncoder open(Path path, Kernels kernels, EncoderOptions options) {
        Arena copies = Arena.ofShared();
        TensorFile file = null;
        boolean opened = false;
        try {
            file = ModelPath.open(path);
            if (!EncoderLoader.describes(file)) {
                throw new UnsupportedModelException(path
                        + ": a model that generates, not an encoder (no BERT, no pooling type, no "
                        + "modules.json)");
            }
            EncoderLoader loader = EncoderLoader.of(file, options, copies);
            requireFits(path, loader.memory());
            EncoderTexts texts = FileTexts.of(file);
            var loaded = new LoadedEncoder(loader.load(kernels), texts, loader.memory());
            opened = true;
            return loaded;
        } finally {
            if (!opened) {
                kernels.close();
                copies.close();
                if (file != null) {
                    file.close();
                }
            }
        }
    }

    private static void requireFits(Path path, MemoryPlan plan) {
        long available = HostMemory.now().availableBytes();
        if (plan.totalBytes() > available) {
            throw new InsufficientMemoryException(
                    "%s needs %,d bytes of memory (%s), but only %,d are available".formatted(
                            path, plan.totalBytes(), plan, available));
        }
    }

    public EncoderConfig config() { return encoder.config(); }

    @Override
    public void close() {
        encoder.close();
    }
}
