package dev.sluice.bridge.cli;

import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.HostMemory;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.StepTurns;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// The models that a server of any protocol holds, and how they share the machine.
final class ServedModels {
    /// What a model may have to wait for another one's step.
    private static final long SHARED_STEP_NANOS = 50_000_000;

    private final StepTurns turns = new StepTurns();

    @Option(names = {"-m", "--model"}, paramLabel = "[NAME=]MODEL",
            description = "A model, by its file's name or by NAME; may be given several times. "
                    + "The first is the default, and is loaded at once. "
                    + "Without -m: worker and orchestrator, the two that ship.")
    private List<String> models = List.of();

    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0",
            description = "Most tokens of one sequence (default: the model's, at most 4096).")
    private int context;

    @Option(names = "--parallel", paramLabel = "N", defaultValue = "8",
            description = "Sequences decoded at once (default: ${DEFAULT-VALUE}).")
    private int parallel;

    @Option(names = "--queue", paramLabel = "N", defaultValue = "256",
            description = "Requests that may wait (default: ${DEFAULT-VALUE}).")
    private int queue;

    @Option(names = "--share", paramLabel = "NAME=WEIGHT",
            description = "A model's share of the processors relative to the others' (1 each).")
    private Map<String, Double> shares = Map.of();

    @Mixin
    private LoadingOptions loading;

    @Option(names = "--model-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Most memory of all loaded models (default: what is free).")
    private Optional<ByteSize> modelMemory;

    private boolean hostsExperts;

    /// Loads nothing yet.
    ///
    /// @param err where each model says how it was loaded
    ModelHost host(CommandSpec spec, PrintWriter err) {
        if (parallel < 1 || queue < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--parallel and --queue must be at least 1");
        }
        BackendChoice chosen = loading.backend();
        loading.check(spec, chosen);
        Map<String, ModelHost.Opener> openers = openers(spec, chosen, err);
        for (Map.Entry<String, Double> share : shares.entrySet()) {
            if (!openers.containsKey(share.getKey()) || !(share.getValue() > 0)) {
                throw new ParameterException(spec.commandLine(),
                        "--share %s: names a served model and a weight above 0".formatted(share));
            }
        }
        err.println(chosen.note());
        return new ModelHost(openers, modelMemory.map(ByteSize::bytes)
                .orElseGet(() -> HostMemory.now().availableBytes()));
    }

    private Map<String, ModelHost.Opener> openers(
            CommandSpec spec, BackendChoice chosen, PrintWriter err) {
        var openers = new LinkedHashMap<String, ModelHost.Opener>();
        if (models.isEmpty()) {
            openers.put("worker", opener("worker",
                    ModelChoice.shipped(DefaultModel.WORKER), chosen, err));
            openers.put("orchestrator", opener("orchestrator",
                    ModelChoice.shipped(DefaultModel.ORCHESTRATOR), chosen, err));
        }
        for (String model : models) {
            int equals = model.indexOf('=');
            Path path = ModelChoice.path(model.substring(equals + 1));
            String name = equals > 0 ? model.substring(0, equals)
                    : path.getFileName().toString().replaceFirst("\\.gguf$", "");
            if (openers.put(name, opener(name, path, chosen, err)) != null) {
                throw new ParameterException(spec.commandLine(),
                        "two models are named '" + name + "'; name them with -m NAME=MODEL");
            }
        }
        long graphs = models.stream().map(m -> m.substring(m.indexOf('=') + 1))
                .filter(m -> ModelPath.isGraph(ModelChoice.path(m))).count();
        loading.requireHonoured(spec, graphs > 0, models.isEmpty() || graphs < models.size());
        if (loading.limitsExperts() && !hostsExperts) {
            throw new CommandFailedException("--expert-memory: no model here has experts");
        }
        return openers;
    }

    private ModelHost.Opener opener(String name, Path path, BackendChoice chosen, PrintWriter err) {
        return encoder(name, path, chosen, err)
                .orElseGet(() -> generator(name, path, chosen, err));
    }

    private Optional<ModelHost.Opener> encoder(String name, Path path, BackendChoice chosen,
            PrintWriter err) {
        return EncoderOpener.of(name, path,
                EncoderOptions.defaults().withContext(context)
                        .withKvType(loading.kvType(KvType.F16).dtype()),
                () -> loading.kernels(chosen),
                new EncoderOpener.Sharing(queue, turns, shares.getOrDefault(name, 1.0)), err);
    }

    private ModelHost.Opener generator(String name, Path path, BackendChoice chosen,
            PrintWriter err) {
        LoadOptions options = options(path);
        long bytes = loading.plan(path, options).memory().totalBytes();
        return new ModelHost.Opener() {
            @Override
            public long bytes() { return bytes; }

            @Override
            public HostedModel open() {
                long begin = System.nanoTime();
                Kernels kernels = loading.kernels(chosen, path);
                LoadedModel loaded = LoadedModel.open(path, kernels, options, _ -> { });
                EngineOptions engine = EngineOptions.defaults().withParallel(parallel)
                        .withWaitingMax(queue)
                        .withModelId(loaded, kernels.backendName())
                        .withTurns(turns, shares.getOrDefault(name, 1.0));
                var hosted = new HostedModel(name, loaded, models.size() == 1 ? engine
                        : engine.withStepNanos(SHARED_STEP_NANOS), Clock.systemDefaultZone());
                if (loaded.file() instanceof ModelGraph) {
                    err.println("model " + name + ": " + loading.note(chosen, loaded));
                }
                err.printf("model %s: %s; loaded in %.2f s%n", name, loaded.memory(),
                        (System.nanoTime() - begin) / 1e9);
                err.flush();
                return hosted;
            }
        };
    }

    /// A budget for experts is for the models that have some.
    private LoadOptions options(Path path) {
        var wished = new LoadOptions(loading.kvType(KvType.F16).dtype(), context, parallel,
                LoadOptions.DEFAULT_MAX_ROWS);
        boolean mixture = loading.plan(path, wished).config().experts().experts() > 0;
        hostsExperts |= mixture;
        return mixture ? loading.apply(wished) : loading.applyDense(wished);
    }
}
