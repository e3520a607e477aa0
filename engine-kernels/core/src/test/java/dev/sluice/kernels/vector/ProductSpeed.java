package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.random.RandomGenerator;

/// Prints the speed of packing and products, best of many, by encoding:
///
///     java --add-modules jdk.incubator.vector -cp target/classes:target/test-classes
///         dev.sluice.kernels.vector.ProductSpeed THREADS ROWS N K ENCODING..
///
/// GB/s are bytes of the file's encoding, GFLOP/s 2 T N K over time.
final class ProductSpeed {
    private static final int SECONDS = 3;

    private ProductSpeed() {
    }

    public static void main(String[] args) {
        int threads = Integer.parseInt(args[0]);
        int rows = Integer.parseInt(args[1]);
        int n = Integer.parseInt(args[2]);
        int k = Integer.parseInt(args[3]);
        for (int i = 4; i < args.length; i++) {
            measure(threads, rows, n, k, DType.valueOf(args[i]));
        }
    }

    private static void measure(int threads, int rows, int n, int k, DType dtype) {
        Matrix small = RandomWeights.of(dtype, 32, k, new Random(1));
        try (var pool = new ComputePool(threads); var memory = new HostMemory(1L << 40);
                Arena arena = Arena.ofShared()) {
            long bytes = n * dtype.rowBytes(k);
            Matrix file = Matrix.of(dtype, n, k, arena.allocate(bytes), 0);
            for (int r = 0; r < n; r++) {
                file.memory().asSlice(r * dtype.rowBytes(k), dtype.rowBytes(k)).copyFrom(
                        small.memory().asSlice(3 + r % 32 * dtype.rowBytes(k),
                                dtype.rowBytes(k)));
            }
            var products = new VectorProducts(pool, memory);
            float[] x = activations(rows * k);
            Matrix in = Matrix.host(x, rows, k);
            warmUp(products, small, in);
            long before = System.nanoTime();
            Matrix weight = products.prepare(file);
            double packing = (System.nanoTime() - before) / 1e9;
            Matrix out = Matrix.host(new float[rows * n], rows, n);
            double best = Double.MAX_VALUE;
            int calls = 0;
            for (long end = System.nanoTime() + SECONDS * 1_000_000_000L;
                    System.nanoTime() < end; calls++) {
                long start = System.nanoTime();
                products.matmul(in, weight, out);
                best = Math.min(best, (System.nanoTime() - start) / 1e9);
            }
            System.out.printf("%-8s [%d,%d] x %d rows, %d threads: best of %d %9.1f us, "
                    + "%6.1f GB/s, %6.1f GFLOP/s; packed at %.2f GB/s%n", dtype, n, k, rows,
                    threads, calls, best * 1e6, bytes / best / 1e9,
                    2.0 * rows * n * k / best / 1e9, bytes / packing / 1e9);
        }
    }

    /// Long enough for C2, on little data: interpreted vector code is a thousand times slower.
    private static void warmUp(VectorProducts products, Matrix small, Matrix x) {
        Matrix weight = products.prepare(small);
        Matrix out = Matrix.host(new float[x.rows() * small.rows()], x.rows(), small.rows());
        long end = System.nanoTime() + 2 * SECONDS * 1_000_000_000L;
        for (int i = 0; i < 5000 && System.nanoTime() < end; i++) {
            products.matmul(x, weight, out);
            if (i % 40 == 0) {
                products.prepare(small);
            }
        }
    }

    private static float[] activations(int count) {
        float[] x = new float[count];
        RandomGenerator random = new Random(2);
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
