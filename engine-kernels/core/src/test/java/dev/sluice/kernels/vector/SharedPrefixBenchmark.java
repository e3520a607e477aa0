package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.vector.SharedPrefixScene.Shape;

/// Time of attention of 32 rows over a prefix of 8,192 positions, in shared pages and in a copy
/// each, in turn; best of all calls within ten seconds. A layer of a 1B model with 32 heads, 8 KV
/// heads and 64 dimensions, and one of MLA with 16 heads.
///
///     java --add-modules=jdk.incubator.vector -cp target/classes:target/test-classes \
///         dev.sluice.kernels.vector.SharedPrefixBenchmark [THREADS [ROWS [PREFIX]]]
final class SharedPrefixBenchmark {
    private static final long NANOS = 10_000_000_000L;

    private SharedPrefixBenchmark() { }

    public static void main(String[] args) {
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
        int rows = args.length > 1 ? Integer.parseInt(args[1]) : 32;
        int prefix = args.length > 2 ? Integer.parseInt(args[2]) : 8192;
        for (DType dtype : new DType[] {DType.F16, DType.Q8_0}) {
            measure(new Shape(dtype, 8, 32, 64, 64, false, rows, prefix, 64), threads);
        }
        measure(new Shape(DType.F16, 1, 16, 576, 512, true, rows, prefix, 64), threads);
    }

    private static void measure(Shape shape, int threads) {
        try (var scene = new SharedPrefixScene(shape, threads)) {
            double shared = Double.MAX_VALUE;
            double own = Double.MAX_VALUE;
            for (long end = System.nanoTime() + NANOS; System.nanoTime() < end;) {
                shared = Math.min(shared, seconds(scene, true));
                own = Math.min(own, seconds(scene, false));
            }
            System.out.printf("%s, %d threads: shared %.2f ms, own %.2f ms, %.2f times%n", shape,
                    threads, shared * 1e3, own * 1e3, own / shared);
        }
    }

    private static double seconds(SharedPrefixScene scene, boolean sharing) {
        long begin = System.nanoTime();
        scene.attend(sharing);
        return (System.nanoTime() - begin) / 1e9;
    }
}
