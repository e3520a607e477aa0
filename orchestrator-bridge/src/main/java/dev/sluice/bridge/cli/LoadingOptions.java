package dev.sluice.bridge.cli;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.GraphOptions;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// On what a model computes and what memory it may take; of `serve`, each of its models.
final class LoadingOptions {
    /// Backends that compute in this machine's own memory.
    private static final Set<String> ON_PROCESSOR = Set.of("reference", "vector");

    @Option(names = "--backend", paramLabel = "NAME[:N]", defaultValue = BackendChoice.AUTO,
            description = "auto (default), reference, vector, or another that 'doctor' lists.")
    private String backend;

    @Option(names = "--provider", paramLabel = "NAME",
            description = "What runs an ONNX graph: cpu (default), cuda, tensorrt, coreml, dml, "
                    + "or auto, which prints its choice.")
    private Optional<String> provider;

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

    int threads() {
        return threads.orElse(Runtime.getRuntime().availableProcessors());
    }

    KvType kvType(KvType absent) { return kvType.orElse(absent); }

    /// The backend, `auto` resolved.
    BackendChoice backend() { return BackendChoice.of(backend); }

    /// Whether experts have a budget, which a dense model refuses.
    boolean limitsExperts() { return expertMemory.isPresent(); }

    /// Refuses what can not be meant.
    void check(CommandSpec spec, BackendChoice chosen) {
        if (threads() < 1) {
            throw new ParameterException(spec.commandLine(), "--threads must be at least 1");
        }
        String name = chosen.name().replaceFirst(":.*", "");
        if (gpuMemory.isPresent() && ON_PROCESSOR.contains(name)) {
            throw new ParameterException(spec.commandLine(),
                    "--gpu-memory does not apply to the backend " + name);
        }
        if (expertPolicy.isPresent() && expertMemory.isEmpty()) {
            throw new ParameterException(spec.commandLine(),
                    "--expert-policy needs --expert-memory");
        }
    }

    /// Refuses what none of the models would honour.
    ///
    /// @param graphs  whether some are ONNX graphs
    /// @param own     whether some are not
    void requireHonoured(CommandSpec spec, boolean graphs, boolean own) {
        String reason = "";
        if (!graphs && provider.isPresent()) {
            reason = "--provider applies to ONNX graphs only; --backend to other models";
        } else if (!own && !backend.equals(BackendChoice.AUTO)) {
            reason = "--backend does not apply to an ONNX graph; --provider does";
        } else if (!own && kvType.isPresent()) {
            reason = "--kv-type does not apply to an ONNX graph, which has its own";
        }
        if (!reason.isEmpty()) {
            throw new ParameterException(spec.commandLine(), reason);
        }
    }

    /// What computes an opened model, for the start line.
    String note(BackendChoice chosen, LoadedModel model) {
        return model.file() instanceof ModelGraph graph ? graph.runner(graph()) : chosen.note();
    }

    private GraphOptions graph() {
        return new GraphOptions(provider.orElse("cpu"), threads());
    }

    /// `options`, which are the command's wishes, with those that the user has given.
    LoadOptions apply(LoadOptions options) {
        LoadOptions asked = applyDense(options);
        return expertMemory.isEmpty() ? asked : asked.withExpertMemory(
                expertMemory.get().bytes(), expertPolicy.orElse(ExpertCachePolicy.LRU));
    }

    /// As [#apply] for a model without experts, which refuses a budget for them.
    LoadOptions applyDense(LoadOptions options) {
        return options.withKvType(kvType.map(KvType::dtype).orElse(options.kvType()))
                .withGraph(graph())
                .withKvBytes(kvMemory.map(ByteSize::bytes).orElse(options.kvBytes()));
    }

    LoadedModel open(CommandSpec spec, Path path, BackendChoice chosen, LoadOptions options) {
        boolean graph = ModelPath.isGraph(path);
        check(spec, chosen);
        requireHonoured(spec, graph, !graph);
        LoadOptions asked = apply(options);
        if (kvMemory.isPresent()) {
            plan(path, asked);
        }
        return LoadedModel.open(path, kernels(chosen, path), asked, _ -> { });
    }

    /// The chosen backend, for a model. A graph brings its own kernels and closes ours at once, so
    /// it gets the cheapest.
    Kernels kernels(BackendChoice chosen, Path model) {
        return ModelPath.isGraph(model) ? Kernels.open("reference", BackendOptions.defaults())
                : kernels(chosen);
    }

    Kernels kernels(BackendChoice chosen) {
        return Kernels.open(chosen.name(), new BackendOptions(
                0, threads(), gpuMemory.map(ByteSize::bytes).orElse(Long.MAX_VALUE)));
    }

    /// What a model will take, without loading it.
    ModelPlan plan(Path path, LoadOptions options) {
        try (TensorFile file = ModelPath.open(path)) {
            return ModelPlan.of(file, options);
        } catch (InsufficientMemoryException e) {
            throw kvMemory.isEmpty() ? e
                    : new CommandFailedException("--kv-memory: " + e.getMessage());
        }
    }
}
