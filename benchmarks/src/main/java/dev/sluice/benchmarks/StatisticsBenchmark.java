package dev.sluice.benchmarks;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.router.ExpertStatistics;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What the always-on expert statistics cost, beside the expert layer that they count: 64 experts
/// of 1024 x 512 in Q4_0, 8 for each token. `layer` is routing and experts without statistics,
/// `statistics` the counting alone; the layer is small, so the share is an upper one.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class StatisticsBenchmark {
    static final String NAME = "StatisticsBenchmark.";
    private static final int EXPERTS = 64;
    private static final int TOP_K = 8;
    private static final int HIDDEN = 1024;
    private static final int INNER = 512;

    @Param({"1", "32", "512"})
    public int tokens;

    private final RouterSpec spec =
            RouterSpec.of(EXPERTS, TOP_K, Scoring.SOFTMAX_ALL, true, 1);
    private Kernels kernels;
    private Arena arena;
    private ExpertStatistics statistics;
    private ExpertWeights experts;
    private Matrix router;
    private Matrix x;
    private Matrix logits;
    private Matrix ids;
    private Matrix weights;
    private Matrix out;

    @Setup(Level.Trial)
    public void open() {
        kernels = Kernels.open("vector", BackendOptions.defaults());
        arena = Arena.ofShared();
        experts = new ExpertWeights(matrices(INNER, HIDDEN), matrices(INNER, HIDDEN),
                matrices(HIDDEN, INNER), Matrix.none(INNER), Matrix.none(INNER),
                Matrix.none(HIDDEN), Activation.SILU);
        router = random(EXPERTS, HIDDEN);
        x = random(tokens, HIDDEN);
        logits = kernels.allocate(DType.F32, tokens, EXPERTS);
        ids = kernels.allocate(DType.I32, tokens, TOP_K);
        weights = kernels.allocate(DType.F32, tokens, TOP_K);
        out = kernels.allocate(DType.F32, tokens, HIDDEN);
        statistics = new ExpertStatistics();
        statistics.onLayer(kernels, 0, spec, Matrix.none(EXPERTS));
        statistics.onLayer(kernels, 1, spec, Matrix.none(EXPERTS));
        layer();
    }

    private List<Matrix> matrices(int rows, int cols) {
        var list = new ArrayList<Matrix>(EXPERTS);
        for (int e = 0; e < EXPERTS; e++) {
            list.add(kernels.prepare(MatmulBenchmark.weight(arena, DType.Q4_0, rows, cols)));
        }
        return list;
    }

    private Matrix random(int rows, int cols) {
        var random = new Random(1);
        var values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Matrix matrix = kernels.allocate(DType.F32, rows, cols);
        kernels.write(Matrix.host(values, rows, cols), matrix);
        return matrix;
    }

    @TearDown(Level.Trial)
    public void close() {
        kernels.close();
        arena.close();
    }

    @Benchmark
    public Matrix layer() {
        kernels.matmul(x, router, logits);
        kernels.routeTopK(spec, logits, Matrix.none(EXPERTS), ids, weights);
        kernels.expertFfn(x, experts, ids, weights, out);
        return out;
    }

    /// The two layers of a step, so that pairs from layer to layer are counted too; the figure is
    /// of both.
    @Benchmark
    public ExpertStatistics statistics() {
        statistics.onRouting(kernels, 0, logits, ids, weights);
        statistics.onRouting(kernels, 1, logits, ids, weights);
        statistics.onStepEnd(kernels);
        return statistics;
    }
}
