package dev.sluice.benchmarks;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/// Times expert layers of the shape of qwen3-moe-1b and sets the bytes they move against the lower
/// bound N(B) * S_e + B * 2D * 4: N(B) distinct experts of E (1 - (1 - k/E)^B) expected under
/// uniform routing, S_e bytes of one expert, and the layer's inputs and outputs as floats.
///
///     java --add-modules=jdk.incubator.vector -cp CLASSPATH dev.sluice.benchmarks.ExpertTraffic
///         BACKEND THREADS ROUNDS
///
/// Several layers take turns, so that weights come from memory. `moved` counts what the layer reads
/// and writes, by [ExpertBytes], for the experts that were really chosen. Times are the best of
/// the rounds, all batches in every round, because a shared machine only ever adds time.
public final class ExpertTraffic {
    private static final int EXPERTS = 32;
    private static final int TOP_K = 4;
    private static final int D = 1024;
    private static final int F = 512;
    private static final int LAYERS = 8;
    private static final DType DTYPE = DType.Q4_0;
    private static final int[] BATCHES = {1, 8, 32, 128, 512};
    private static final RouterSpec SPEC = RouterSpec.of(EXPERTS, TOP_K,
            RouterSpec.Scoring.SOFTMAX_ALL, true, 1);

    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(1);
    private final List<ExpertWeights> layers = new ArrayList<>();
    private final List<Matrix> routers = new ArrayList<>();
    private final ExpertWeights nobody;

    private ExpertTraffic(Kernels kernels) {
        this.kernels = kernels;
        for (int layer = 0; layer < LAYERS; layer++) {
            layers.add(new ExpertWeights(weights(F, D), weights(F, D), weights(D, F),
                    Matrix.none(F), Matrix.none(F), Matrix.none(D), Activation.SILU));
            routers.add(kernels.prepare(gaussian(EXPERTS, D)));
        }
        ExpertWeights first = layers.getFirst();
        nobody = new ExpertWeights(first.gate(), first.up(), first.down(), first.gateBias(),
                first.upBias(), first.downBias(), first.activation(),
                ExpertTable.movable(EXPERTS, EXPERTS));
    }

    public static void main(String[] args) {
        String backend = args.length > 0 ? args[0] : "vector";
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 40;
        try (Kernels kernels = Kernels.open(backend,
                new BackendOptions(0, threads, Long.MAX_VALUE))) {
            new ExpertTraffic(kernels).run(rounds);
        }
    }

    private void run(int rounds) {
        var steps = new ArrayList<Step>();
        for (int batch : BATCHES) {
            steps.add(new Step(batch));
        }
        for (int round = -rounds / 4; round < rounds; round++) {
            for (Step step : steps) {
                for (int layer = 0; layer < LAYERS; layer++) {
                    step.run(layer, round >= 0);
                }
            }
        }
        System.out.printf("%d of %d experts [%d,%d] %s, best of %d x %d layers%n", TOP_K, EXPERTS,
                F, D, DTYPE, rounds, LAYERS);
        System.out.println("rows  experts N  N(B)   layer us  router us (share)  sort us   "
                + "moved MB  bound MB  ratio  unfused MB   GB/s");
        steps.forEach(Step::print);
        arena.close();
    }

    /// One batch size: inputs, and the best times seen.
    private final class Step {
        private final int rows;
        private final Matrix x;
        private final Matrix logits;
        private final Matrix ids;
        private final Matrix kept;
        private final Matrix out;
        private final Matrix pairs;
        private final Matrix hostIds;
        private final double[] routed = filled();
        private final double[] sorted = filled();
        private final double[] computed = filled();
        private final int[] distinct = new int[LAYERS];

        Step(int rows) {
            this.rows = rows;
            x = kernels.allocate(DType.F32, rows, D);
            kernels.write(gaussian(rows, D), x);
            logits = kernels.allocate(DType.F32, rows, EXPERTS);
            ids = kernels.allocate(DType.I32, rows, TOP_K);
            kept = kernels.allocate(DType.F32, rows, TOP_K);
            out = kernels.allocate(DType.F32, rows, D);
            pairs = kernels.allocate(DType.F32, rows * TOP_K, D);
            hostIds = Matrix.host(new int[rows * TOP_K], rows, TOP_K);
        }

        void run(int layer, boolean counts) {
            long start = System.nanoTime();
            kernels.matmul(x, routers.get(layer), logits);
            kernels.routeTopK(SPEC, logits, Matrix.none(EXPERTS), ids, kept);
            long routing = System.nanoTime();
            // No expert is present: sorts the pairs and does no more.
            kernels.expertRows(x, nobody, ids, pairs);
            long sorting = System.nanoTime();
            kernels.expertFfn(x, layers.get(layer), ids, kept, out);
            long end = System.nanoTime();
            kernels.read(ids, hostIds);
            var chosen = new BitSet();
            for (int i = 0; i < rows * TOP_K; i++) {
                chosen.set(hostIds.i32(0, i));
            }
            distinct[layer] = chosen.cardinality();
            if (counts) {
                routed[layer] = Math.min(routed[layer], (routing - start) / 1e3);
                sorted[layer] = Math.min(sorted[layer], (sorting - routing) / 1e3);
                computed[layer] = Math.min(computed[layer], (end - sorting) / 1e3);
            }
        }

        void print() {
            double experts = java.util.Arrays.stream(distinct).average().orElseThrow();
            double expected = EXPERTS * (1 - Math.pow(1 - (double) TOP_K / EXPERTS, rows));
            double router = mean(routed) + mean(sorted);
            double layer = mean(routed) + mean(computed);
            var bytes = new ExpertBytes(rows, TOP_K, D, F);
            double weights = experts * ExpertBytes.ofExpert(DTYPE, D, F);
            double moved = weights + bytes.fused();
            double bound = expected * ExpertBytes.ofExpert(DTYPE, D, F) + bytes.inAndOut();
            System.out.printf("%4d  %9.1f %5.1f %10.1f %10.1f (%4.1f %%) %8.1f %10.2f %9.2f %6.2f "
                    + "%11.2f %6.1f%n", rows, experts, expected, layer, router,
                    100 * router / layer, mean(sorted), moved / 1e6, bound / 1e6, moved / bound,
                    (weights + bytes.unfused()) / 1e6, moved / layer / 1e3);
        }

        private static double[] filled() {
            var values = new double[LAYERS];
            java.util.Arrays.fill(values, Double.MAX_VALUE);
            return values;
        }

        private static double mean(double[] values) {
            return java.util.Arrays.stream(values).average().orElseThrow();
        }
    }

    private List<Matrix> weights(int rows, int cols) {
        var list = new ArrayList<Matrix>();
        for (int e = 0; e < EXPERTS; e++) {
            long size = rows * DTYPE.rowBytes(cols);
            MemorySegment memory = arena.allocate(size, 64);
            // Ordinary numbers as scales and as codes, see MatmulBenchmark.
            for (long i = 0; i < size; i++) {
                memory.set(ValueLayout.JAVA_BYTE, i, (byte) (0x2C + random.nextInt(12)));
            }
            list.add(kernels.prepare(Matrix.of(DTYPE, rows, cols, memory, 0)));
        }
        return list;
    }

    private Matrix gaussian(int rows, int cols) {
        var values = new float[rows * cols];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Matrix.host(values, rows, cols);
    }
}
