package dev.sluice.bridge.cli;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.serve.ApiServer;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.HostMemory;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.StepTurns;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `sluice serve`: an HTTP server that speaks OpenAI's protocol, until it is told to stop.
@Command(name = "serve", description = "Serve models over HTTP, by OpenAI's protocol.")
final class ServeCommand implements Callable<Integer> {
    private static final Duration DRAIN = Duration.ofSeconds(30);

    /// What a model may have to wait for another one's step.
    private static final long SHARED_STEP_NANOS = 50_000_000;

    private final StepTurns turns = new StepTurns();

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Option(names = {"-m", "--model"}, paramLabel = "[NAME=]MODEL",
            description = "A model, by its file's name or by NAME; may be given several times. "
                    + "The first is the default, and is loaded at once. "
                    + "Without -m: worker and orchestrator, the two that ship.")
    private List<String> models = List.of();

    @Option(names = "--host", paramLabel = "H", defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String address;

    @Option(names = "--port", paramLabel = "P", defaultValue = "8080",
            description = "Port, 0 for any free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--api-key-file", paramLabel = "F",
            description = "Keys that may call, one a line.")
    private Optional<Path> keyFile;

    @Option(names = "--cors-origin", paramLabel = "ORIGIN",
            description = "Origin that a browser may call from; * for any.")
    private List<String> origins = List.of();

    @Option(names = "--tls-certificate", paramLabel = "PEM",
            description = "Certificate chain; the server then speaks HTTPS.")
    private Optional<Path> certificate;

    @Option(names = "--tls-key", paramLabel = "PEM", description = "The certificate's key.")
    private Optional<Path> key;

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

    @Option(names = "--backend", paramLabel = "NAME[:N]", defaultValue = BackendChoice.AUTO,
            description = "auto (default), reference, vector, or another that 'doctor' lists.")
    private String backend;

    @Option(names = {"-t", "--threads"}, paramLabel = "N",
            description = "Compute threads of each model (default: every processor).")
    private Optional<Integer> threads;

    @Mixin
    private ProviderOption provider;

    @Option(names = "--kv-type", paramLabel = "TYPE", defaultValue = "f16",
            description = "How keys and values are stored: f32, f16, bf16 or q8_0.")
    private KvType kvType;

    @Option(names = "--model-memory", paramLabel = "SIZE", converter = ByteSize.Converter.class,
            description = "Most memory of all loaded models (default: what is free).")
    private Optional<ByteSize> modelMemory;

    @Option(names = "--slot-save-path", paramLabel = "FOLDER",
            description = "Folder that slots may be saved to and restored from.")
    private Optional<Path> slotFolder;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        if (parallel < 1 || queue < 1 || threads.orElse(1) < 1) {
            throw new ParameterException(spec.commandLine(),
                    "--parallel, --queue and --threads must be at least 1");
        }
        if (certificate.isPresent() != key.isPresent()) {
            throw new ParameterException(spec.commandLine(),
                    "--tls-certificate and --tls-key go together");
        }
        BackendChoice chosen = BackendChoice.of(backend);
        Map<String, ModelHost.Opener> openers = openers(chosen, err);
        for (Map.Entry<String, Double> share : shares.entrySet()) {
            if (!openers.containsKey(share.getKey()) || !(share.getValue() > 0)) {
                throw new ParameterException(spec.commandLine(),
                        "--share %s: names a served model and a weight above 0".formatted(share));
            }
        }
        ApiKeys keys = keyFile.isPresent() ? ApiKeys.read(keyFile.get()) : ApiKeys.OPEN;
        err.println(chosen.note());
        long memory = modelMemory.map(ByteSize::bytes)
                .orElseGet(() -> HostMemory.now().availableBytes());
        try (var host = new ModelHost(openers, memory)) {
            serve(host, keys, err);
        }
        return 0;
    }

    private void serve(ModelHost host, ApiKeys keys, PrintWriter err)
            throws IOException, InterruptedException {
        HttpOptions http = HttpOptions.defaults().withAddress(address, port)
                .withOrigins(origins);
        if (certificate.isPresent()) {
            http = http.withTls(new HttpOptions.Tls(certificate.get(), key.orElseThrow()));
        }
        SlotFolder slots = slotFolder.isPresent() ? SlotFolder.open(slotFolder.get())
                : SlotFolder.NONE;
        slots.discarded().forEach(file ->
                err.println("discarded a slot that was not saved to its end: " + file));
        var stop = new CountDownLatch(1);
        main.interruption().drainsBy(stop::countDown, DRAIN.plusSeconds(2));
        try (var server = HttpServer.start(http, new ApiServer(host, keys, slots))) {
            // Who asks meanwhile waits, and /health says why.
            host.acquire("").close();
            err.printf("listening on %s://%s:%d%n",
                    certificate.isPresent() ? "https" : "http", address, server.port());
            err.flush();
            stop.await();
            err.println("stopping; " + server.active() + " requests are being answered");
            err.flush();
            boolean all = server.drain(DRAIN);
            err.println(all ? "stopped" : "stopped; some requests were cut off");
        }
    }

    private Map<String, ModelHost.Opener> openers(BackendChoice chosen, PrintWriter err) {
        var openers = new LinkedHashMap<String, ModelHost.Opener>();
        if (models.isEmpty()) {
            openers.put("worker", opener("worker",
                    ModelChoice.shipped(DefaultModel.WORKER), chosen, err));
            openers.put("orchestrator", opener("orchestrator",
                    ModelChoice.shipped(DefaultModel.ORCHESTRATOR), chosen, err));
        }
        for (String model : models) {
            int equals = model.indexOf('=');
            Path path = pathOf(model);
            String name = equals > 0 ? model.substring(0, equals)
                    : path.getFileName().toString().replaceFirst("\\.gguf$", "");
            if (openers.put(name, opener(name, path, chosen, err)) != null) {
                throw new ParameterException(spec.commandLine(),
                        "two models are named '" + name + "'; name them with -m NAME=MODEL");
            }
        }
        requireHonoured();
        return openers;
    }

    /// Each of --backend and --provider needs a model that it applies to.
    private void requireHonoured() {
        long graphs = models.stream()
                .filter(model -> ModelPath.isGraph(pathOf(model))).count();
        boolean only = !models.isEmpty() && graphs == models.size();
        provider.requireFor(graphs > 0, only && !backend.equals(BackendChoice.AUTO));
    }

    /// What follows the name in `NAME=MODEL`.
    private static Path pathOf(String model) {
        return Path.of(model.substring(model.indexOf('=') + 1));
    }

    private ModelHost.Opener opener(String name, Path path, BackendChoice chosen, PrintWriter err) {
        return encoder(name, path, chosen, err)
                .orElseGet(() -> generator(name, path, chosen, err));
    }

    private Optional<ModelHost.Opener> encoder(String name, Path path, BackendChoice chosen,
            PrintWriter err) {
        return EncoderOpener.of(name, path,
                EncoderOptions.defaults().withContext(context).withKvType(kvType.dtype()),
                () -> Kernels.open(chosen.name(), new BackendOptions(0, threads.orElse(
                        Runtime.getRuntime().availableProcessors()), Long.MAX_VALUE)),
                new EncoderOpener.Sharing(queue, turns, shares.getOrDefault(name, 1.0)), err);
    }

    private ModelHost.Opener generator(String name, Path path, BackendChoice chosen,
            PrintWriter err) {
        int used = threads.orElse(Runtime.getRuntime().availableProcessors());
        boolean graph = ModelPath.isGraph(path);
        var options = new LoadOptions(kvType.dtype(), context, parallel,
                LoadOptions.DEFAULT_MAX_ROWS).withGraph(provider.graph(used));
        long bytes;
        try (TensorFile file = ModelPath.open(path)) {
            bytes = ModelPlan.of(file, options).memory().totalBytes();
        }
        return new ModelHost.Opener() {
            @Override
            public long bytes() { return bytes; }

            @Override
            public HostedModel open() {
                long begin = System.nanoTime();
                var backendOptions = new BackendOptions(0, used, Long.MAX_VALUE);
                Kernels kernels = Kernels.open(
                        graph ? "reference" : chosen.name(), backendOptions);
                LoadedModel loaded = LoadedModel.open(path, kernels, options, _ -> { });
                if (loaded.file() instanceof ModelGraph runs) {
                    err.println("model " + name + ": " + runs.runner(options.graph()));
                }
                EngineOptions engine = EngineOptions.defaults().withParallel(parallel)
                        .withWaitingMax(queue)
                        .withModelId(loaded, kernels.backendName())
                        .withTurns(turns, shares.getOrDefault(name, 1.0));
                var hosted = new HostedModel(name, loaded, models.size() == 1 ? engine
                        : engine.withStepNanos(SHARED_STEP_NANOS), Clock.systemDefaultZone());
                err.printf("model %s: %s; loaded in %.2f s%n", name, loaded.memory(),
                        (System.nanoTime() - begin) / 1e9);
                err.flush();
                return hosted;
            }
        };
    }
}
