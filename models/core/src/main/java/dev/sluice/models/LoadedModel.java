package dev.sluice.models;

import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.family.DecoderLoader;
import dev.sluice.models.family.ExpertHooks;
import dev.sluice.models.family.Limits;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.skip.SublayerMode;
import dev.sluice.router.ExpertBudgetException;
import dev.sluice.router.ExpertCache;
import dev.sluice.router.ExpertCacheStatistics;
import dev.sluice.router.ExpertStatistics;
import dev.sluice.router.ExpertStore;
import dev.sluice.router.ResidentExperts;
import dev.sluice.router.RoutingObserver;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntConsumer;

/// A model that is ready to run, and what belongs to it. Closing it frees the graph, its device
/// memory and the mapped file. The parts say which thread may use them.
public final class LoadedModel implements AutoCloseable {
    private final TensorFile file;
    private final ModelPlan plan;
    private final CausalLm lm;
    private final ExpertStore experts;
    private final ExpertStatistics expertStatistics;

    private LoadedModel(TensorFile file, ModelPlan plan, CausalLm lm, ExpertStore experts,
            ExpertStatistics expertStatistics) {
        this.file = file;
        this.plan = plan;
        this.lm = lm;
        this.experts = experts;
        this.expertStatistics = expertStatistics;
    }

    /// Opens a GGUF file, a folder of safetensors, or a graph that a
    /// [dev.sluice.models.spi.ModelFormat] knows, on `kernels`, which belongs to the model from
    /// then on, also when opening fails.
    ///
    /// @param layersDone  hears how many layers are ready
    public static LoadedModel open(Path path, Kernels kernels, LoadOptions options,
            IntConsumer layersDone) {
        return open(path, kernels, options, RoutingObserver.none(), layersDone);
    }

    /// As above.
    ///
    /// @param observer  sees the routing of every step, on the engine thread; an
    ///                  [dev.sluice.router.OnlineBalancing] also changes it
    public static LoadedModel open(Path path, Kernels kernels, LoadOptions options,
            RoutingObserver observer, IntConsumer layersDone) {
        return open(path, kernels, options, observer, new SublayerMode.Exact(), layersDone);
    }

    /// As above.
    ///
    /// @param mode  whether sublayers run, are recorded, or are forecast for some rows
    public static LoadedModel open(Path path, Kernels kernels, LoadOptions options,
            RoutingObserver observer, SublayerMode mode, IntConsumer layersDone) {
        Arena copies = Arena.ofShared();
        TensorFile file = null;
        boolean opened = false;
        try {
            file = ModelPath.open(path);
            LoadedModel model = load(new Opening(file, copies, mode, layersDone), kernels, options,
                    observer);
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

    /// What [#open] has gathered before anything is read.
    private record Opening(TensorFile file, Arena copies, SublayerMode mode,
            IntConsumer layersDone) { }

    private static LoadedModel load(Opening opening, Kernels kernels, LoadOptions options,
            RoutingObserver observer) {
        TensorFile file = opening.file;
        if (file instanceof ModelGraph graph) {
            return load(graph, opening, kernels, options);
        }
        if (file.tensors().isEmpty()) {
            throw new UnsupportedModelException(
                    file.path() + ": a vocabulary without weights can not generate");
        }
        DecoderLoader loader = DecoderLoader.of(file, options.contextTokens(), opening.copies);
        ModelPlan plan = ModelPlan.of(loader, file, options);
        requireExperts(file.path(), plan, options);
        requireFits(file.path(), plan.memory());
        var limits = new Limits(options.maxRows(), options.sequences(), plan.positions());
        var statistics = new ExpertStatistics();
        ExpertStore store = options.expertBytes() == LoadOptions.ALL_EXPERTS
                ? new ResidentExperts()
                : new ExpertCache(options.expertBytes(), options.expertPolicy(), statistics);
        boolean loaded = false;
        try {
            CausalLm lm = loader.load(kernels, plan.kv(), limits,
                    new ExpertHooks(RoutingObserver.both(observer, statistics), store),
                    opening.mode, opening.layersDone);
            loaded = true;
            return new LoadedModel(file, plan, lm, store, statistics);
        } catch (ExpertBudgetException e) {
            throw new InsufficientMemoryException(file.path() + ": " + e.getMessage());
        } catch (DeviceBudgetException e) {
            throw new InsufficientMemoryException("%s: %s. The model's plan is %s. %s".formatted(
                    file.path(), e.getMessage(), plan.memory(), remedies(plan, options)));
        } finally {
            if (!loaded) {
                store.close();
            }
        }
    }

    /// A graph has kernels of its own, keeps all its experts and shows no sublayer.
    private static LoadedModel load(ModelGraph graph, Opening opening, Kernels kernels,
            LoadOptions options) {
        if (options.expertBytes() != LoadOptions.ALL_EXPERTS
                || !(opening.mode instanceof SublayerMode.Exact)) {
            throw new UnsupportedModelException(graph.path()
                    + ": a graph runs as a whole; experts and sublayers are not apart");
        }
        ModelPlan plan = graph.plan(options);
        requireFits(graph.path(), plan.memory());
        CausalLm lm = graph.load(plan, options);
        kernels.close();
        opening.copies.close();
        opening.layersDone.accept(plan.config().layers());
        return new LoadedModel(graph, plan, lm, new ResidentExperts(), new ExpertStatistics());
    }

    /// What would make a model fit into a device that it does not fit into.
    private static String remedies(ModelPlan plan, LoadOptions options) {
        String experts = plan.memory().experts().storedBytes() > 0
                && options.expertBytes() == LoadOptions.ALL_EXPERTS
                ? ", experts in host memory (--expert-memory, at least %,d bytes)".formatted(
                        plan.memory().experts().minimumBytes()) : "";
        return "A shorter context or fewer keys and values (--kv-memory, --kv-type q8_0)" + experts
                + ", or a model of fewer layers or bits would take less";
    }

    /// A budget that could not be kept is refused: without experts there is nothing to bound.
    private static void requireExperts(Path path, ModelPlan plan, LoadOptions options) {
        if (options.expertBytes() != LoadOptions.ALL_EXPERTS
                && plan.config().experts().experts() == 0) {
            throw new UnsupportedModelException(path
                    + ": a dense model has no experts whose memory could be limited");
        }
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

    public ModelConfig config() { return plan.config(); }

    public MemoryPlan memory() { return plan.memory(); }

    /// What the expert cache has done so far; empty when every expert is kept. Any thread.
    public Optional<ExpertCacheStatistics> expertCacheStatistics() {
        return experts instanceof ExpertCache cache ? Optional.of(cache.statistics())
                : Optional.empty();
    }

    /// Engine thread only. Closing it closes all that belongs to the model.
    public CausalLm lm() { return lm; }

    /// Where tokens went so far; without layers for a dense model. Says which thread may ask what.
    public ExpertStatistics expertStatistics() { return expertStatistics; }

    public TensorFile file() { return file; }

    /// Reads the vocabulary, which takes a moment; keep the result.
    public ModelTexts texts() { return ModelTexts.of(file); }

    @Override
    public void close() {
        lm.close();
    }
}
