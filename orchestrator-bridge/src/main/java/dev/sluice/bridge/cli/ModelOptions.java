package dev.sluice.bridge.cli;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.InsufficientMemoryException;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.router.ExpertCachePolicy;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The options of every command that runs a model, and how they open it.
final class ModelOptions {
    /// Backends that compute in this machine's own memory.
    private static final Set<String> ON_PROCESSOR = Set.of("reference", "vector");

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private ModelChoice choice;

    @Mixin
    private ProviderOption provider;

    @Option(names = "--backend", paramLabel = "NAME[:N]", defaultValue = BackendChoice.AUTO,
            description = "auto (default), reference, vector, or another that 'doctor' lists.")
    private String backend;

    @Option(names = {"-t", "--threads"}, paramLabel = "N",
            description = "Compute threads (default: every processor).")
    private Optional<Integer> threads;

    @Option(names = "--gpu-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Most memory to take on a GPU, for example 20g.")
    private Optional<ByteSize> gpuMemory;

    @Option(names = "--kv-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Memory for keys and values, for example 2g; a smaller"
                    + " pool holds fewer positions, a larger one more sequences.")
    private Optional<ByteSize> kvMemory;

    @Option(names = "--kv-type", paramLabel = "TYPE",
            description = "How keys and values are stored: f32, f16, bf16 or q8_0.")
    private Optional<KvType> kvType;

    @Option(names = "--expert-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Most memory for the experts of a mixture-of-experts model, for example "
                    + "4g; the others stay in the file until they are needed.")
    private Optional<ByteSize> expertMemory;

    @Option(names = "--expert-policy", paramLabel = "POLICY",
            description = "Which experts --expert-memory keeps: lru (default), lfu, or affinity, "
                    + "which also fetches what the next layer will probably choose.")
    private Optional<ExpertCachePolicy> expertPolicy;

    Path path() { return choice.path(); }

    /// Whether the user named a model; otherwise it is the one that ships.
    boolean isGiven() { return choice.isGiven(); }

    int threads() {
        return threads.orElse(Runtime.getRuntime().availableProcessors());
    }

    KvType kvType(KvType absent) { return kvType.orElse(absent); }

    /// The backend, `auto` resolved.
    BackendChoice backend() { return BackendChoice.of(backend); }

    /// Opens the model on a backend; the options that this mixin has go before those of
    /// `options`, which are the command's wishes.
    LoadedModel open(BackendChoice chosen, LoadOptions options) {
        if (threads() < 1) {
            throw new ParameterException(spec.commandLine(), "--threads must be at least 1");
        }
        Path path = path();
        boolean graph = ModelPath.isGraph(path);
        provider.requireFor(graph, !backend.equals(BackendChoice.AUTO));
        // A graph brings its kernels; ours are opened and closed again, so the simplest.
        String kernels = graph ? "reference" : chosen.name();
        String name = chosen.name().replaceFirst(":.*", "");
        if (gpuMemory.isPresent() && ON_PROCESSOR.contains(name)) {
            throw new ParameterException(spec.commandLine(),
                    "--gpu-memory does not apply to the backend " + name);
        }
        LoadOptions asked = options.withKvType(
                kvType.map(KvType::dtype).orElse(options.kvType()))
                .withGraph(provider.graph(threads()))
                .withKvBytes(kvMemory.map(ByteSize::bytes).orElse(options.kvBytes()));
        if (graph && kvType.isPresent()) {
            throw new ParameterException(spec.commandLine(),
                    "--kv-type does not apply to an ONNX graph, which has its own");
        }
        if (expertMemory.isPresent()) {
            asked = asked.withExpertMemory(expertMemory.get().bytes(),
                    expertPolicy.orElse(ExpertCachePolicy.LRU));
        } else if (expertPolicy.isPresent()) {
            throw new ParameterException(spec.commandLine(),
                    "--expert-policy needs --expert-memory");
        }
        requireKvFits(path, asked);
        var backendOptions = new BackendOptions(
                0, threads(), gpuMemory.map(ByteSize::bytes).orElse(Long.MAX_VALUE));
        return LoadedModel.open(path, Kernels.open(kernels, backendOptions), asked, _ -> { });
    }

    /// What computes an opened model, for the start line.
    String note(BackendChoice chosen, LoadedModel model) {
        return model.file() instanceof ModelGraph graph
                ? graph.runner(provider.graph(threads())) : chosen.note();
    }

    /// The same in a word, for figures.
    String computing(BackendChoice chosen, LoadedModel model) {
        return model.file() instanceof ModelGraph ? "onnx" : chosen.name();
    }

    private void requireKvFits(Path path, LoadOptions options) {
        if (kvMemory.isEmpty()) {
            return;
        }
        try (TensorFile file = ModelPath.open(path)) {
            ModelPlan.of(file, options);
        } catch (InsufficientMemoryException e) {
            throw new CommandFailedException("--kv-memory: " + e.getMessage());
        }
    }
}
