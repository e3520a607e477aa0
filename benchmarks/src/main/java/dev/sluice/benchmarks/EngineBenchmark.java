package dev.sluice.benchmarks;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.runtime.Completion;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.TokenStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Answers of an embedded engine: an operation is one token of each of `batch` sequences, so the
/// score times the batch is tokens per second. `cold` prompts are new each time, `shared` ones have
/// a prefix that is in the cache. The default model is the tiny one of the tests; name another with
/// `-p model=PATH`.
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class EngineBenchmark {
    private static final int TOKENS = 64;
    private static final int PROMPT = 128;

    @Param({"1", "8", "32"})
    public int batch;

    @Param({"cold", "shared"})
    public String prefix;

    @Param("models/core/src/test/resources/stories260K/stories260K.gguf")
    public String model;

    private final Random random = new Random(1);
    private Engine engine;
    private int vocab;
    private int[] trunk;

    @Setup(Level.Trial)
    public void open() {
        var kernels = Kernels.open("vector", BackendOptions.defaults());
        var options = new LoadOptions(DType.F16, 512, batch, 512);
        LoadedModel loaded = LoadedModel.open(Path.of(model), kernels, options, _ -> { });
        var tokenizer = loaded.texts().tokenizer();
        vocab = Math.min(loaded.lm().vocab(), tokenizer.vocabSize());
        trunk = random.ints(PROMPT, 0, vocab).toArray();
        engine = new Engine(loaded.lm(), tokenizer);
    }

    @TearDown(Level.Trial)
    public void close() {
        engine.close();
    }

    @Benchmark
    @OperationsPerInvocation(TOKENS)
    public int answers() throws InterruptedException {
        List<TokenStream> streams = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            streams.add(engine.submit(GenerateRequest.of(prompt(), TOKENS,
                    SamplingParams.defaults().withSeed(i).withTemperature(0.7f).withTopP(0.9f)
                            .withIgnoreEos(true))));
        }
        int tokens = 0;
        for (TokenStream stream : streams) {
            tokens += Completion.read(stream).tokens();
        }
        if (tokens != batch * TOKENS) {
            throw new IllegalStateException(tokens + " tokens of " + batch * TOKENS);
        }
        return tokens;
    }

    private int[] prompt() {
        int[] prompt = prefix.equals("shared") ? Arrays.copyOf(trunk, PROMPT + 1)
                : random.ints(PROMPT + 1, 0, vocab).toArray();
        prompt[PROMPT] = random.nextInt(vocab);
        return prompt;
    }
}
