package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Prints the processor time of products with weights [2048,2048] that are taken in turn out of
/// more memory than caches hold, as the layers of a model are. One thread, and its own processor
/// time: other programs disturb it less than the clock on the wall. Row counts are measured in the
/// order given, in one process, because C2 compiles a kernel for what it has seen.
///
///     java --add-modules jdk.incubator.vector -cp target/classes:target/test-classes
///         dev.sluice.kernels.vector.ColdProductSpeed MEGABYTES ROWS,ROWS.. ENCODING..
final class ColdProductSpeed {
    private static final int SIZE = 2048;
    private static final int SECONDS = 2;
    private static final int WARM_UP_CALLS = 60;

    private ColdProductSpeed() {
    }

    public static void main(String[] args) {
        long bytes = Long.parseLong(args[0]) << 20;
        for (String encoding : Arrays.copyOfRange(args, 2, args.length)) {
            DType dtype = DType.valueOf(encoding);
            try (var pool = new ComputePool(1); var memory = new HostMemory(1L << 40)) {
                var products = new VectorProducts(pool, memory);
                List<Matrix> weights = weights(products, dtype, bytes);
                for (String rows : args[1].split(",")) {
                    measure(products, weights, Integer.parseInt(rows));
                }
            }
        }
    }

    private static List<Matrix> weights(VectorProducts products, DType dtype, long bytes) {
        Matrix first = products.prepare(RandomWeights.of(dtype, SIZE, SIZE, new Random(1)));
        var weights = new ArrayList<Matrix>(List.of(first));
        long size = PackedFormat.of(dtype).packedBytes(SIZE, SIZE);
        for (long used = size; used + size <= bytes; used += size) {
            Matrix copy = products.allocateWeight(dtype, SIZE, SIZE);
            MemorySegment.copy(first.memory(), first.byteOffset(), copy.memory(),
                    copy.byteOffset(), size);
            weights.add(copy);
        }
        return weights;
    }

    private static void measure(VectorProducts products, List<Matrix> weights, int rows) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        Matrix x = Matrix.host(RandomWeights.activations(rows, SIZE, new Random(2)), rows, SIZE);
        Matrix out = Matrix.host(new float[rows * SIZE], rows, SIZE);
        for (int i = 0; i < WARM_UP_CALLS; i++) {
            products.matmul(x, weights.get(i % weights.size()), out);
        }
        var nanos = new ArrayList<Long>();
        long end = System.nanoTime() + SECONDS * 1_000_000_000L;
        for (int i = 0; System.nanoTime() < end; i++) {
            long before = threads.getCurrentThreadCpuTime();
            products.matmul(x, weights.get(i % weights.size()), out);
            nanos.add(threads.getCurrentThreadCpuTime() - before);
        }
        nanos.sort(null);
        long tenth = nanos.get(nanos.size() / 10);
        System.out.printf("%-8s %3d rows: best %6d us, a tenth below %6d us, median %6d us of %d; "
                + "%.1f GFLOP/s%n", weights.getFirst().dtype(), rows, nanos.getFirst() / 1000,
                tenth / 1000, nanos.get(nanos.size() / 2) / 1000, nanos.size(),
                2.0 * rows * SIZE * SIZE / tenth);
    }
}
