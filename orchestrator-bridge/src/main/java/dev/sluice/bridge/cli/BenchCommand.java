package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.EngineStats;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice bench`: tokens per second of prefill and of decode, each the median of several runs
/// after a warm-up, from an empty context as llama-bench measures them, but through the engine and
/// with a sampler.
@Command(name = "bench",
        description = "Measure prefill and decode speed of a model.")
final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions options;

    @Option(names = {"-p", "--prompt"}, paramLabel = "TOKENS", defaultValue = "512",
            description = "Tokens of the prefill (default: ${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(names = {"-n", "--generate"}, paramLabel = "TOKENS", defaultValue = "128",
            description = "Tokens that each sequence decodes (default: ${DEFAULT-VALUE}).")
    private int decodeTokens;

    @Option(names = {"-b", "--batch"}, paramLabel = "N", split = ",", defaultValue = "1",
            description = "Sequences that are decoded side by side, for example 1,8,32.")
    private int[] batches;

    @Option(names = {"-r", "--repetitions"}, paramLabel = "N", defaultValue = "3",
            description = "Timed runs, of which the median counts (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--warm-up", paramLabel = "SECONDS", defaultValue = "3",
            description = "Least time each phase runs before it is timed "
                    + "(default: ${DEFAULT-VALUE}); the JVM compiles meanwhile.")
    private double warmUpSeconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        requirePositive("-p", promptTokens);
        requirePositive("-n", decodeTokens);
        requirePositive("-r", repetitions);
        for (int batch : batches) {
            requirePositive("-b", batch);
        }
        BackendChoice backend = options.backend();
        int most = Arrays.stream(batches).max().orElse(1);
        // A prompt and one token of its answer; a prompt of one token and an answer.
        int positions = 1 + Math.max(promptTokens, decodeTokens);
        var load = new LoadOptions(DType.F16, positions, most,
                Math.max(most, LoadOptions.DEFAULT_MAX_ROWS));
        long begin = System.nanoTime();
        LoadedModel model = options.open(backend, load);
        try (Engine engine = engine(model)) {
            double loadSeconds = (System.nanoTime() - begin) / 1e9;
            int vocab = Math.min(model.lm().vocab(), model.texts().tokenizer().vocabSize());
            var bench = new Bench(engine, vocab, warmUpSeconds, repetitions);
            double[] prefill = bench.prefill(promptTokens);
            var decode = new LinkedHashMap<Integer, double[]>();
            var overhead = new LinkedHashMap<Integer, Double>();
            for (int batch : batches) {
                EngineStats before = engine.stats();
                decode.put(batch, bench.decode(batch, decodeTokens));
                overhead.put(batch, overhead(before, engine.stats()));
            }
            print(new Figures(prefill, decode, overhead), conditions(backend, model, loadSeconds));
        }
        return 0;
    }

    /// The engine owns the model from here on.
    private static Engine engine(LoadedModel model) {
        boolean started = false;
        try {
            var engine = new Engine(model.lm(), model.texts().tokenizer());
            started = true;
            return engine;
        } finally {
            if (!started) {
                model.close();
            }
        }
    }

    /// Tokens per second of every timed run.
    private record Figures(double[] prefill, Map<Integer, double[]> decode,
            Map<Integer, Double> overhead) {}

    /// Share of the engine's steps that was not the model's: choosing, drawing, handing over.
    private static double overhead(EngineStats before, EngineStats after) {
        double steps = after.stepNanos() - before.stepNanos();
        return 1 - (after.modelNanos() - before.modelNanos()) / steps;
    }

    private Map<String, Object> conditions(
            BackendChoice backend, LoadedModel model, double loadSeconds) {
        var conditions = new LinkedHashMap<String, Object>();
        conditions.put("prompt_tokens", promptTokens);
        conditions.put("decode_tokens", decodeTokens);
        conditions.put("repetitions", repetitions);
        conditions.put("warm_up_seconds", warmUpSeconds);
        conditions.put("model", options.path().getFileName().toString());
        conditions.put("architecture", model.config().architecture());
        conditions.put("model_bytes", LoadedModel.weightBytes(model.file()));
        model.expertCacheStatistics().ifPresent(s -> conditions.put("experts", s.toString()));
        conditions.put("load_seconds", rounded(loadSeconds));
        conditions.put("backend", options.computing(backend, model));
        conditions.put("computed_by", options.note(backend, model));
        conditions.put("threads", options.threads());
        conditions.put("kv_type", model.lm().kvPlan().dtype().name());
        conditions.put("cpu", DoctorCommand.processorName());
        conditions.put("processors", Runtime.getRuntime().availableProcessors());
        conditions.put("jdk", Runtime.version().toString());
        conditions.put("os", System.getProperty("os.name") + " "
                + System.getProperty("os.version"));
        conditions.put("sluice", Version.text());
        conditions.put("commit", System.getProperty("sluice.commit", "unknown"));
        return conditions;
    }

    private void print(Figures figures, Map<String, Object> conditions) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            var object = new LinkedHashMap<String, Object>();
            object.put("prefill_tps", rounded(Bench.median(figures.prefill())));
            var decode = new LinkedHashMap<String, Object>();
            var runs = new LinkedHashMap<String, Object>();
            figures.decode().forEach((batch, rates) -> {
                decode.put(String.valueOf(batch), rounded(Bench.median(rates)));
                runs.put(String.valueOf(batch), rounded(rates));
            });
            object.put("decode_tps", decode);
            var overhead = new LinkedHashMap<String, Object>();
            figures.overhead().forEach(
                    (batch, share) -> overhead.put(String.valueOf(batch), rounded(share)));
            object.put("decode_overhead", overhead);
            object.put("prefill_runs", rounded(figures.prefill()));
            object.put("decode_runs", runs);
            object.put("conditions", conditions);
            out.println(Json.write(object));
            return;
        }
        out.println("prefill %5d tokens          %10.2f tokens/s"
                .formatted(promptTokens, Bench.median(figures.prefill())));
        figures.decode().forEach((batch, rates) -> out.println(
                "decode  %5d tokens x %-4d   %10.2f tokens/s"
                        .formatted(decodeTokens, batch, Bench.median(rates))));
        conditions.forEach((name, value) -> out.println("  " + name + ": " + value));
    }

    private void requirePositive(String option, int value) {
        if (value < 1) {
            throw new ParameterException(spec.commandLine(),
                    "%s must be at least 1, got %d".formatted(option, value));
        }
    }

    private static double rounded(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.3f", value));
    }

    private static java.util.List<Double> rounded(double[] values) {
        return Arrays.stream(values).mapToObj(BenchCommand::rounded).toList();
    }
}
