package dev.sluice.kernels.vector;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowMap;
import java.util.Arrays;
import java.util.Random;

/// Time of attention alone, over 16 layers with pages of their own, as in a 1B model with 32
/// heads, 8 KV heads and 64 dimensions: prefill of 512 rows, decode of one row at 2,000
/// positions, and the same for MLA (16 heads, 576 and 512). Prints the sum of each layer's best
/// time within two seconds or more, which other programs on the machine disturb less than a sum.
///
///     java --add-modules=jdk.incubator.vector -cp target/classes:target/test-classes \
///         dev.sluice.kernels.vector.AttentionBenchmark [threads..]
final class AttentionBenchmark {
    private static final int LAYERS = 16;
    private static final int PAGE = 32;
    private static final long NANOS_PER_FIGURE = 2_000_000_000L;
    private static final int ROUNDS_MIN = 3;

    private AttentionBenchmark() { }

    public static void main(String[] args) {
        int[] threads = args.length == 0 ? new int[] {1, 2}
                : Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        for (int count : threads) {
            for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16, DType.Q8_0}) {
                gqa(count, dtype);
            }
            mla(count, DType.F16);
            mla(count, DType.Q8_0);
        }
    }

    private static void gqa(int threads, DType dtype) {
        try (var kernels = new Kernels(
                new VectorBackend(new BackendOptions(0, threads, Long.MAX_VALUE)))) {
            KvPages[] layers = layers(kernels, dtype, 8, 64, 64, false);
            double prefill = time(kernels, layers, 32, 0, 512);
            double decode = time(kernels, layers, 32, 2000, 1);
            double bytes = 2000.0 * 8 * 2 * dtype.rowBytes(64) * LAYERS;
            System.out.printf("GQA %-5s %d threads: prefill 512 %.0f ms, decode at 2000 %.2f ms,"
                    + " %.1f GB/s%n", dtype, threads, prefill * 1e3, decode * 1e3,
                    bytes / decode / 1e9);
        }
    }

    private static void mla(int threads, DType dtype) {
        try (var kernels = new Kernels(
                new VectorBackend(new BackendOptions(0, threads, Long.MAX_VALUE)))) {
            KvPages[] layers = layers(kernels, dtype, 1, 576, 512, true);
            double prefill = time(kernels, layers, 16, 0, 512);
            double decode = time(kernels, layers, 16, 2000, 1);
            double bytes = 2000.0 * dtype.rowBytes(576) * LAYERS;
            System.out.printf("MLA %-5s %d threads: prefill 512 %.0f ms, decode at 2000 %.2f ms,"
                    + " %.1f GB/s%n", dtype, threads, prefill * 1e3, decode * 1e3,
                    bytes / decode / 1e9);
        }
    }

    private static KvPages[] layers(Kernels kernels, DType dtype, int kvHeads, int keyDim,
            int valueDim, boolean latent) {
        KvPages[] layers = new KvPages[LAYERS];
        Matrix keys = random(kernels, 2048, kvHeads * keyDim);
        Matrix values = random(kernels, 2048, kvHeads * valueDim);
        int[] slots = new int[2048];
        Arrays.setAll(slots, i -> i);
        Matrix slotMatrix = Matrix.host(slots, 2048, 1);
        for (int i = 0; i < LAYERS; i++) {
            layers[i] = kernels.allocateKv(dtype, 64, PAGE, kvHeads, keyDim, valueDim, latent);
            kernels.storeKeys(keys, 0, layers[i], slotMatrix);
            if (!latent) {
                kernels.storeValues(values, layers[i], slotMatrix);
            }
        }
        return layers;
    }

    /// Seconds of all layers for `rows` rows at positions from `start` on.
    private static double time(Kernels kernels, KvPages[] layers, int heads, int start, int rows) {
        int[] positions = new int[rows];
        Arrays.setAll(positions, i -> start + i);
        int[] table = new int[64];
        Arrays.setAll(table, i -> i);
        var map = new RowMap(Matrix.host(positions, rows, 1), Matrix.host(new int[rows], rows, 1),
                Matrix.host(positions, rows, 1), Matrix.host(table, 1, 64));
        Matrix q = random(kernels, rows, heads * layers[0].keyDim());
        Matrix out = kernels.allocate(DType.F32, rows, heads * layers[0].valueDim());
        var spec = new AttentionSpec(heads, 0.1f, 0, 0, Matrix.none(heads));
        double[] best = new double[LAYERS];
        Arrays.fill(best, Double.MAX_VALUE);
        long stop = System.nanoTime() + NANOS_PER_FIGURE;
        for (int round = 0; round < ROUNDS_MIN || System.nanoTime() < stop; round++) {
            for (int i = 0; i < LAYERS; i++) {
                long begin = System.nanoTime();
                kernels.attention(spec, q, layers[i], map, out);
                best[i] = Math.min(best[i], (System.nanoTime() - begin) / 1e9);
            }
        }
        return Arrays.stream(best).sum();
    }

    private static Matrix random(Kernels kernels, int rows, int cols) {
        var random = new Random(rows * 31L + cols);
        Matrix m = kernels.allocate(DType.F32, rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                m.f32(r, c, random.nextFloat() * 2 - 1);
            }
        }
        return m;
    }
}
