package dev.sluice.benchmarks;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/// out [T,N] = x [T,K] * weight [N,K]^T for every encoding, with every processor. `tokens` 1 is a
/// decode step, where memory is the limit; 512 is a prefill, where arithmetic is.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class MatmulBenchmark {
    static final String METHOD = "MatmulBenchmark.matmul";

    @Param("vector")
    public String backend;

    @Param({"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K",
            "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4"})
    public String encoding;

    /// N x K: an attention, a feed-forward and an output matrix of a model of a billion parameters.
    @Param({"2048x2048", "8192x2048", "32000x2048"})
    public String shape;

    @Param({"1", "512"})
    public int tokens;

    private Kernels kernels;
    private Arena arena;
    private Matrix x;
    private Matrix weight;
    private Matrix out;

    @Setup(Level.Trial)
    public void open() {
        kernels = Kernels.open(backend, BackendOptions.defaults());
        arena = Arena.ofShared();
        int rows = rows(shape);
        int cols = cols(shape);
        weight = kernels.prepare(weight(arena, DType.valueOf(encoding), rows, cols));
        x = kernels.allocate(DType.F32, tokens, cols);
        out = kernels.allocate(DType.F32, tokens, rows);
        var random = new Random(1);
        var values = new float[tokens * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        kernels.write(Matrix.host(values, tokens, cols), x);
    }

    @TearDown(Level.Trial)
    public void close() {
        kernels.close();
        arena.close();
    }

    @Benchmark
    public Matrix matmul() {
        kernels.matmul(x, weight, out);
        return out;
    }

    static int rows(String shape) {
        return Integer.parseInt(shape.substring(0, shape.indexOf('x')));
    }

    static int cols(String shape) {
        return Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
    }

    /// Bytes 0x2C..0x37 at random: read as a scale or an element of any encoding they are ordinary
    /// numbers, neither denormal (slow) nor infinite.
    static Matrix weight(Arena arena, DType dtype, int rows, int cols) {
        long size = rows * dtype.rowBytes(cols);
        MemorySegment memory = arena.allocate(size, 64);
        var random = new Random(2);
        for (long i = 0; i < size; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) (0x2C + random.nextInt(12)));
        }
        return Matrix.of(dtype, rows, cols, memory, 0);
    }
}
