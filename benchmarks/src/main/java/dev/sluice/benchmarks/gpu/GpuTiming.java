package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Times the steps of one model with random weights on one backend, and appends a line for each
/// case to a file of results:
///
///     --backend cuda --shape dense-8b --encoding Q8_0 --out results.jsonl
///     [--cases decode,batch,prefill,experts] [--prompt 2048] [--context 1024] [--batch 32]
///     [--seconds 3] [--layers N]
///
/// A case that fails is a line with its error, and the next one is tried. The case `steps` runs two
/// decode steps of `--batch` sequences with untouched pages and times nothing: it is what a
/// profiler looks at.
public final class GpuTiming {
    private final TimedModel model;
    private final Steps steps;
    private final ResultLines results;
    private final Sizes sizes;
    private final long start;
    private int failures;

    /// @param prompt   rows of the prefill
    /// @param context  positions before a decoded token
    /// @param batch    sequences of the batched case
    record Sizes(int prompt, int context, int batch, double seconds) { }

    private GpuTiming(TimedModel model, ResultLines results, Sizes sizes, long start) {
        this.model = model;
        this.results = results;
        this.sizes = sizes;
        this.start = start;
        steps = new Steps(model);
    }

    public static void main(String[] arguments) throws IOException {
        long start = System.nanoTime();
        var options = new Options(arguments);
        String backend = options.text("backend");
        ModelShape shape = ModelShape.of(options.text("shape"));
        DType encoding = DType.valueOf(options.text("encoding"));
        Path out = Path.of(options.text("out"));
        var sizes = new Sizes(options.number("prompt", 2048), options.number("context", 1024),
                options.number("batch", 32), options.real("seconds", 3));
        List<String> cases = List.of(
                options.text("cases", "decode,batch,prefill,experts").split(","));
        int layers = options.number("layers", shape.layers());
        options.requireAllAsked();
        var common = new LinkedHashMap<String, Object>();
        common.put("engine", "sluice " + backend);
        common.put("shape", shape.text());
        common.put("encoding", encoding.name());
        common.put("layers", (long) layers);
        var results = new ResultLines(out, common);
        var request = new TimedModel.Request(shape, encoding, layers,
                Math.max(sizes.prompt, sizes.context + 1), sizes.batch,
                Math.max(sizes.prompt, sizes.batch));
        int failures = run(backend, request, cases, results, sizes, start);
        System.exit(failures == 0 ? 0 : 1);
    }

    private static int run(String backend, TimedModel.Request request, List<String> cases,
            ResultLines results, Sizes sizes, long start) throws IOException {
        try (var model = new TimedModel(backend, request, done -> {
            if (done % 8 == 0 || done == request.layers()) {
                say(start, "%d of %d layers are loaded".formatted(done, request.layers()));
            }
        })) {
            say(start, "%s %s: %s".formatted(request.shape().text(), request.encoding(),
                    model.plan().memory()));
            var timing = new GpuTiming(model, results, sizes, start);
            for (String name : cases) {
                timing.run(name);
            }
            return timing.failures;
        } catch (RuntimeException e) {
            results.append(Map.of("case", "open", "error", e.toString()));
            say(start, "FAILED to open or close: " + e);
            return 1;
        }
    }

    private void run(String name) throws IOException {
        try {
            switch (name) {
                case "prefill" -> prefill();
                case "decode" -> decode(1);
                case "batch" -> decode(sizes.batch);
                case "experts" -> experts();
                case "steps" -> untimed();
                default -> throw new IllegalArgumentException("no case '" + name + "'");
            }
        } catch (RuntimeException e) {
            failures++;
            results.append(Map.of("case", name, "error", e.toString()));
            say(start, "FAILED " + name + ": " + e);
        }
    }

    private void prefill() throws IOException {
        int rows = sizes.prompt;
        StepTimer time = StepTimer.of(() -> steps.prompt(rows), sizes.seconds);
        var cost = cost(new StepCost.Rows(1, rows, 0, 1), new int[0]);
        Map<String, Object> line = line("prefill " + rows, time, rows);
        line.put("operations", cost.operations());
        append(line, "%.1f TFLOP/s".formatted(cost.operations() / time.medianNanos() / 1e3));
    }

    private void decode(int sequences) throws IOException {
        int context = sizes.context;
        // Keys and values of random rows, not zeros.
        steps.prompt(context);
        steps.share(context);
        Runnable step = () -> steps.decode(sequences, context);
        int[] touched = model.touchedExperts(step);
        StepTimer time = StepTimer.of(step, sizes.seconds);
        var cost = cost(new StepCost.Rows(sequences, 1, context, sequences), touched);
        Map<String, Object> line = line("decode " + sequences, time, sequences);
        line.put("context", (long) context);
        line.put("bytes", cost.bytes());
        line.put("kvBytes", cost.kvBytes());
        if (touched.length > 0) {
            line.put("expertsTouched", java.util.Arrays.stream(touched).average().orElse(0));
        }
        line.put("logitsMilliseconds", logitsMilliseconds(sequences));
        append(line, "%.0f GB/s".formatted(cost.bytes() / time.medianNanos()));
    }

    /// Bringing the logits of a step to the host, which is part of the step.
    private double logitsMilliseconds(int sequences) {
        int vocab = model.lm().vocab();
        Matrix device = model.kernels().allocate(DType.F32, sequences, vocab);
        Matrix host = Matrix.host(new float[sequences * vocab], sequences, vocab);
        return StepTimer.of(() -> model.kernels().read(device, host), 0.2).milliseconds();
    }

    private StepCost cost(StepCost.Rows rows, int[] touched) {
        return StepCost.of(model.request().shape(), model.request().tensors(), model.plan().kv(),
                rows, touched);
    }

    private void experts() throws IOException {
        if (model.request().shape().experts().count() == 0) {
            return;
        }
        try (var layer = new MoeLayerTiming(model.kernels(), model.request(), sizes.batch)) {
            Map<String, Object> line = layer.measure(sizes.seconds / 3);
            line.put("case", "moe layer " + sizes.batch);
            append(line, "router and combine %.1f %% of the layer".formatted(
                    100 * (Double) line.get("routerCombineShare")));
        }
    }

    private void untimed() {
        for (int i = 0; i < 2; i++) {
            steps.decode(sizes.batch, sizes.context);
        }
        StepTimer time = StepTimer.of(() -> steps.decode(sizes.batch, sizes.context), 0);
        say(start, "steps of %d sequences: %.3f ms".formatted(sizes.batch, time.milliseconds()));
    }

    private static Map<String, Object> line(String name, StepTimer time, int tokens) {
        var line = new LinkedHashMap<String, Object>();
        line.put("case", name);
        line.put("milliseconds", time.milliseconds());
        line.put("lowMilliseconds", time.lowNanos() / 1e6);
        line.put("highMilliseconds", time.highNanos() / 1e6);
        line.put("repetitions", (long) time.repetitions());
        line.put("tokensPerSecond", tokens / time.medianNanos() * 1e9);
        return line;
    }

    private void append(Map<String, Object> line, String figure) throws IOException {
        results.append(line);
        say(start, "%s: %.3f ms (%.3f to %.3f, %d times), %s".formatted(line.get("case"),
                line.get("milliseconds"), line.get("lowMilliseconds"),
                line.get("highMilliseconds"), line.get("repetitions"), figure));
    }

    private static void say(long start, String text) {
        System.out.printf("[%6.1f s] %s%n", (System.nanoTime() - start) / 1e9, text);
    }
}
