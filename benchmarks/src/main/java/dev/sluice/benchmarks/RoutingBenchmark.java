package dev.sluice.benchmarks;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.router.BiasController;
import dev.sluice.router.BiasController.Settings;
import dev.sluice.router.StepRule;
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

/// A whole balanced routing step of DeepSeek-V3's size, 256 experts and 8 for each token: scores
/// plus bias, top-k, counts, the permutation by a counting sort, the update of the bias; and each
/// part alone. `copy` is the yardstick: one thread copies as many bytes as the logits have.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class RoutingBenchmark {
    static final String NAME = "RoutingBenchmark.";
    static final int EXPERTS = 256;
    static final int TOP_K = 8;
    private static final int CHUNK = 8 << 20;

    @Param({"1", "32", "4096"})
    public int tokens;

    @Param({"SIGMOID", "SOFTMAX_ALL"})
    public Scoring scoring;

    private Kernels kernels;
    private RouterSpec spec;
    private Matrix logits;
    private Matrix bias;
    private Matrix ids;
    private Matrix weights;
    private Matrix counters;
    private BiasController controller;
    private final int[] seen = new int[EXPERTS];
    private final int[] now = new int[EXPERTS];
    private final long[] counts = new long[EXPERTS];
    private final float[] nextBias = new float[EXPERTS];
    private int[] hostIds;
    private int[] permutation;
    private final int[] offsets = new int[EXPERTS + 1];
    private final byte[] from = new byte[16 * CHUNK];
    private final byte[] to = new byte[16 * CHUNK];

    @Setup(Level.Trial)
    public void open() {
        kernels = Kernels.open("vector", BackendOptions.defaults());
        spec = RouterSpec.of(EXPERTS, TOP_K, scoring, true, 2.5f);
        logits = kernels.allocate(DType.F32, tokens, EXPERTS);
        bias = kernels.allocate(DType.F32, 1, EXPERTS);
        ids = kernels.allocate(DType.I32, tokens, TOP_K);
        weights = kernels.allocate(DType.F32, tokens, TOP_K);
        counters = kernels.allocate(DType.I32, 1, EXPERTS);
        controller = new BiasController(EXPERTS, Settings.of(StepRule.SIGN));
        hostIds = new int[tokens * TOP_K];
        permutation = new int[tokens * TOP_K];
        var random = new Random(1);
        var values = new float[tokens * EXPERTS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        kernels.write(Matrix.host(values, tokens, EXPERTS), logits);
    }

    @TearDown(Level.Trial)
    public void close() {
        kernels.close();
    }

    /// Bytes that a step must move: logits in; ids and weights out; ids in and places out.
    static long bytes(int tokens) {
        return 4L * tokens * (EXPERTS + 4 * TOP_K);
    }

    /// Everything.
    @Benchmark
    public int[] step() {
        route();
        kernels.countExperts(ids, counters);
        sort();
        update();
        return permutation;
    }

    @Benchmark
    public Matrix route() {
        kernels.routeTopK(spec, logits, bias, ids, weights);
        return ids;
    }

    /// Stable: pairs of an expert stay in the order of tokens.
    @Benchmark
    public int[] sort() {
        kernels.read(ids, Matrix.host(hostIds, tokens, TOP_K));
        java.util.Arrays.fill(offsets, 0);
        for (int id : hostIds) {
            offsets[id + 1]++;
        }
        for (int e = 0; e < EXPERTS; e++) {
            offsets[e + 1] += offsets[e];
        }
        for (int i = 0; i < hostIds.length; i++) {
            permutation[offsets[hostIds[i]]++] = i;
        }
        return permutation;
    }

    /// The controller's step on the counts so far, and its bias back to the device.
    @Benchmark
    public double update() {
        kernels.read(counters, Matrix.host(now, 1, EXPERTS));
        for (int e = 0; e < EXPERTS; e++) {
            counts[e] = now[e] - seen[e];
            seen[e] = now[e];
        }
        counts[0]++;
        controller.afterBatch(counts);
        for (int e = 0; e < EXPERTS; e++) {
            nextBias[e] = (float) controller.bias(e);
        }
        kernels.write(Matrix.host(nextBias, 1, EXPERTS), bias);
        return controller.bias(0);
    }

    /// 128 MiB, beyond any cache: read once and written once.
    @Benchmark
    public byte[] copy() {
        System.arraycopy(from, 0, to, 0, from.length);
        return to;
    }

    static long copiedBytes() {
        return 2L * 16 * CHUNK;
    }
}
