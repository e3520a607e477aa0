package dev.sluice.models;

import dev.sluice.kernels.Kernels;
import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.family.Limits;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.router.RoutingObserver;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/// A model that is ready to run, and what belongs to it. Closing it frees the graph, its device
/// memory and the mapped file. The parts say which thread may use them.
public final class LoadedModel implements AutoCloseable {
    private final TensorFile file;
    private final ModelConfig config;
    private final MemoryPlan memory;
    private final CausalLm lm;

    private LoadedModel(TensorFile file, ModelConfig config, MemoryPlan memory, CausalLm lm) {
        this.file = file;
        this.config = config;
        this.memory = memory;
        this.lm = lm;
    }

    /// Opens a GGUF file or a folder of safetensors on `kernels`, which belongs to the model from
    /// then on, also when opening fails.
    ///
    /// @param layersDone  hears how many layers are ready
    public static LoadedModel open(Path path, Kernels kernels, LoadOptions options,
            IntConsumer layersDone) {
        Arena copies = Arena.ofShared();
        TensorFile file = null;
        boolean opened = false;
        try {
            file = ModelPath.open(path);
            LoadedModel model = load(file, kernels, options, copies, layersDone);
            opened = true;
            return model;
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

    private static LoadedModel load(TensorFile file, Kernels kernels, LoadOptions options,
            Arena copies, IntConsumer layersDone) {
        if (file.tensors().isEmpty()) {
            throw new UnsupportedModelException(
                    file.path() + ": a vocabulary without weights can not generate");
        }
        DecoderLoader loader = DecoderLoader.of(file, options.contextTokens(), copies);
        ModelPlan plan = ModelPlan.of(loader, file, options);
        requireFits(file.path(), plan.memory());
        var limits = new Limits(options.maxRows(), options.sequences(), plan.positions());
        CausalLm lm = loader.load(kernels, plan.kv(), limits, RoutingObserver.none(),
                layersDone);
        return new LoadedModel(file, plan.config(), plan.memory(), lm);
    }

    /// Bytes of all tensors as stored.
    public static long weightBytes(TensorFile file) {
        long bytes = 0;
        for (FileTensor tensor : file.tensors()) {
            bytes += tensor.byteSize();
        }
        return bytes;
    }

    private static void requireFits(Path path, MemoryPlan plan) {
        long available = HostMemory.now().availableBytes();
        if (plan.totalBytes() > available) {
            throw new InsufficientMemoryException(
                    "%s needs %,d bytes of memory (%s), but only %,d are available".formatted(
                            path, plan.totalBytes(), plan, available));
        }
    }

    public ModelConfig config() { return config; }

    public MemoryPlan memory() { return memory; }

    /// Engine thread only. Closing it closes all that belongs to the model.
    public CausalLm lm() { return lm; }

    public TensorFile file() { return file; }

    /// Reads the vocabulary, which takes a moment; keep the result.
    public ModelTexts texts() { return ModelTexts.of(file); }

    @Override
    public void close() {
        lm.close();
    }
}
