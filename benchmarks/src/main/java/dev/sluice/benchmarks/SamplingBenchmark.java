package dev.sluice.benchmarks;

import dev.sluice.kernels.Matrix;
import dev.sluice.runtime.DryBreakers;
import dev.sluice.runtime.Sampler;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.SamplingState;
import dev.sluice.runtime.TokenHistory;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// One draw from the logits of a vocabulary of today's size, after a thousand tokens.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplingBenchmark {
    private static final int VOCAB = 151_936;

    @Param({"greedy", "temperature", "top-k 40", "top-p 0.9", "min-p 0.05", "penalties"})
    public String sampling;

    private Matrix logits;
    private Sampler sampler;
    private SamplingState state;

    @Setup(Level.Trial)
    public void open() {
        var random = new Random(1);
        var values = new float[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            values[i] = (float) (4 * random.nextGaussian());
        }
        logits = Matrix.host(values, 1, VOCAB);
        sampler = new Sampler(VOCAB);
        var history = new TokenHistory(random.ints(1000, 0, VOCAB).toArray());
        state = new SamplingState(params(), 0, history, DryBreakers.NONE);
    }

    @Benchmark
    public int sample() {
        return sampler.sample(logits, 0, state);
    }

    private SamplingParams params() {
        SamplingParams params = SamplingParams.defaults().withSeed(1).withTemperature(0.8f);
        return switch (sampling) {
            case "greedy" -> SamplingParams.greedy();
            case "temperature" -> params;
            case "top-k 40" -> params.withTopK(40);
            case "top-p 0.9" -> params.withTopP(0.9f);
            case "min-p 0.05" -> params.withMinP(0.05f);
            case "penalties" -> params.withPenalties(new SamplingParams.Penalties(
                    1.1f, 0.1f, 0.1f, SamplingParams.Scope.PROMPT_AND_OUTPUT, 0));
            default -> throw new IllegalArgumentException(sampling);
        };
    }
}
