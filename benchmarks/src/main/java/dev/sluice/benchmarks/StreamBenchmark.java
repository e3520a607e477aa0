package dev.sluice.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// What this machine reads from memory: every processor sums a long array of its own that no cache
/// holds. The yardstick for [MatmulBenchmark], whose weights are read once per product.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@Threads(Threads.MAX)
public class StreamBenchmark {
    static final String METHOD = "StreamBenchmark.read";
    /// 256 MiB a thread: beyond any last-level cache's share.
    private static final int LONGS = 1 << 25;
    static final long BYTES_PER_THREAD = 8L * LONGS;

    @State(Scope.Thread)
    public static class Memory {
        final long[] values = filled();

        private static long[] filled() {
            var values = new long[LONGS];
            java.util.Arrays.fill(values, 3);
            return values;
        }
    }

    /// C2 turns this loop into vector adds, so memory is the limit.
    @Benchmark
    public long read(Memory memory) {
        long sum = 0;
        for (long value : memory.values) {
            sum += value;
        }
        return sum;
    }
}
