package dev.sluice.kernels.contract;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.contract.AttentionScene.Chunk;
import dev.sluice.kernels.contract.AttentionScene.Layer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Batch invariance: a row's result is the same bits alone, in company of any size and order,
/// however its prompt was cut and wherever its pages lie.
final class InvarianceContract {
    static final int ROWS = 37;

    private InvarianceContract() { }

    /// Any operation that maps rows of x to rows of out.
    interface RowOperation {
        void run(Matrix x, Matrix out);
    }

    static void rowsAlone(Kernels subject, String operation, long seed, float[] x,
            int outCols, RowOperation run) {
        String context = "%s %s invariance seed=%d".formatted(subject.backendName(), operation,
                seed);
        int cols = x.length / ROWS;
        var random = new Random(seed);
        int[] all = Samples.shuffled(random, ROWS);
        Arrays.sort(all);
        int[] want = subset(subject, all, x, cols, outCols, run);
        var subsets = new ArrayList<int[]>();
        for (int size : new int[] {2, 3, 4, 5, 8, 16, 17, 33, ROWS}) {
            subsets.add(Arrays.copyOf(Samples.shuffled(random, ROWS), size));
        }
        for (int row : new int[] {0, 16, ROWS - 1}) {
            subsets.add(new int[] {row});
        }
        // More rows than the batch had: each of them twice.
        int[] twice = Arrays.copyOf(all, 2 * ROWS);
        System.arraycopy(Samples.shuffled(random, ROWS), 0, twice, ROWS, ROWS);
        subsets.add(twice);
        for (int[] rows : subsets) {
            int[] got = subset(subject, rows, x, cols, outCols, run);
            for (int i = 0; i < got.length; i++) {
                int expected = want[rows[i / outCols] * outCols + i % outCols];
                if (got[i] != expected) {
                    throw new AssertionError("%s: row %d element %d differs in batch of %d: %s, %s"
                            .formatted(context, rows[i / outCols], i % outCols, rows.length,
                                    Float.intBitsToFloat(expected), Float.intBitsToFloat(got[i])));
                }
            }
        }
    }

    private static int[] subset(Kernels subject, int[] rows, float[] x, int cols, int outCols,
            RowOperation run) {
        float[] part = new float[rows.length * cols];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(x, rows[r] * cols, part, r * cols, cols);
        }
        Matrix device = subject.allocate(DType.F32, rows.length, cols);
        subject.write(Matrix.host(part, rows.length, cols), device);
        Matrix out = subject.allocate(DType.F32, rows.length, outCols);
        run.run(device, out);
        int[] bits = new int[rows.length * outCols];
        subject.read(out, Matrix.of(DType.F32, rows.length, outCols, MemorySegment.ofArray(bits),
                0));
        return bits;
    }

    static void matmul(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : ProductContract.weightTypes()) {
            int cols = dtype.quantised() ? 3 * dtype.blockElements() : 333;
            var weight = SampleWeight.random(subject, dtype, 35, cols, random);
            rowsAlone(subject, "matmul " + dtype, seed, Samples.gaussian(random, ROWS * cols), 35,
                    (x, out) -> subject.matmul(x, weight.prepared(), out));
        }
    }

    static void rmsNorm(Kernels subject, long seed) {
        var random = new Random(seed);
        Matrix weight = written(subject, Samples.gaussian(random, 333), 333);
        rowsAlone(subject, "rmsNorm", seed, Samples.gaussian(random, ROWS * 333), 333,
                (x, out) -> subject.rmsNorm(x, weight, 1e-6f, out));
    }

    /// The element operations: their vector bodies and tails must agree, because a row starts
    /// elsewhere in another batch.
    static void elements(Kernels subject, long seed) {
        var random = new Random(seed);
        for (Activation activation : Activation.values()) {
            rowsAlone(subject, "gatedActivation " + activation, seed,
                    Samples.gaussian(random, ROWS * 19), 19,
                    (x, out) -> subject.gatedActivation(activation, x, x, out));
        }
        rowsAlone(subject, "softcap", seed, Samples.gaussian(random, ROWS * 19), 19, (x, out) -> {
            subject.copyColumns(x, 0, out, 0, 19);
            subject.softcap(out, 2);
        });
        rowsAlone(subject, "addGated", seed, Samples.gaussian(random, ROWS), 19, (x, out) -> {
            Matrix ones = subject.allocate(DType.F32, x.rows(), 19);
            float[] values = new float[x.rows() * 19];
            Arrays.fill(values, 0.7f);
            subject.write(Matrix.host(values, x.rows(), 19), ones);
            subject.addGated(out, x, ones);
        });
    }

    static void routeTopK(Kernels subject, long seed) {
        var random = new Random(seed);
        for (RouterSpec.Scoring scoring : RouterSpec.Scoring.values()) {
            RouterSpec spec = RouterSpec.of(64, 6, scoring, true, 1);
            rowsAlone(subject, "routeTopK " + scoring, seed,
                    Samples.gaussian(random, ROWS * 64), 6, (x, out) -> subject.routeTopK(spec, x,
                            Matrix.none(64), subject.allocate(DType.I32, x.rows(), 6), out));
        }
    }

    /// The routing depends on the row's own numbers, so that batches load the experts unequally.
    static void expertFfn(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : ProductContract.weightTypes()) {
            int wide = dtype.quantised() ? Math.max(64, dtype.blockElements()) : 53;
            int hidden = dtype.quantised() ? dtype.blockElements() : 19;
            int experts = 4;
            var gate = new ArrayList<Matrix>();
            var up = new ArrayList<Matrix>();
            var down = new ArrayList<Matrix>();
            for (int e = 0; e < experts; e++) {
                gate.add(SampleWeight.random(subject, dtype, hidden, wide, random).prepared());
                up.add(SampleWeight.random(subject, dtype, hidden, wide, random).prepared());
                down.add(SampleWeight.random(subject, dtype, wide, hidden, random).prepared());
            }
            var weights = new ExpertWeights(gate, up, down, Matrix.none(hidden),
                    Matrix.none(hidden), Matrix.none(wide), Activation.SILU);
            Matrix router = written(subject, Samples.gaussian(random, experts * wide), wide);
            RouterSpec spec = RouterSpec.of(experts, 2, RouterSpec.Scoring.SOFTMAX_KEPT, true, 1);
            rowsAlone(subject, "expertFfn " + dtype, seed, Samples.gaussian(random, ROWS * wide),
                    wide, (x, out) -> {
                        Matrix logits = subject.allocate(DType.F32, x.rows(), experts);
                        Matrix ids = subject.allocate(DType.I32, x.rows(), 2);
                        Matrix kept = subject.allocate(DType.F32, x.rows(), 2);
                        subject.matmul(x, router, logits);
                        subject.routeTopK(spec, logits, Matrix.none(experts), ids, kept);
                        subject.expertFfn(x, weights, ids, kept, out);
                    });
        }
    }

    // ---- attention ----------------------------------------------------------------------

    static void attention(Kernels subject, long seed) {
        for (DType kvType : List.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0)) {
            attention(subject, seed, Layer.grouped(2, 1, 32, kvType));
            attention(subject, seed, Layer.grouped(4, 2, 32, kvType).with(40, 10, true));
        }
        for (DType kvType : List.of(DType.F16, DType.Q8_0)) {
            attention(subject, seed, new Layer(3, 1, 64, 32, true, 0, 0, false, kvType, 32));
        }
    }

    private static void attention(Kernels subject, long seed, Layer layer) {
        int end = 300;
        String context = "%s attention invariance seed=%d %s"
                .formatted(subject.backendName(), seed, layer);
        Map<Integer, int[]> want = new HashMap<>();
        // Whole prompt at once, alone; then other cuts, with and without company, in other pages.
        int[][] cuts = {{end}, {1, 2, 33, 290, 291, 292, end}, {31, 63, 256, 257, end},
            {255, 299, end}, {37, 74, 111, 148, 185, 222, 259, 296, end}};
        for (int cut = 0; cut < cuts.length; cut++) {
            var scene = new AttentionScene(subject, layer, seed, 3, end + 4, seed + cut);
            int from = 0;
            for (int to : cuts[cut]) {
                var chunks = new ArrayList<Chunk>();
                if (cut % 2 == 1) {
                    chunks.add(new Chunk(0, from / 2, to / 2));
                }
                chunks.add(new Chunk(1, from, to));
                if (cut > 2) {
                    chunks.add(new Chunk(2, from, to));
                }
                compare(context + " cut " + Arrays.toString(cuts[cut]), chunks,
                        scene.step(chunks, context), want);
                from = to;
            }
        }
    }

    /// The first scene fills `want` with the rows of sequence 1, the others must repeat it.
    private static void compare(String context, List<Chunk> chunks, float[] out,
            Map<Integer, int[]> want) {
        List<int[]> rows = AttentionScene.rows(chunks);
        int width = out.length / rows.size();
        for (int t = 0; t < rows.size(); t++) {
            if (rows.get(t)[0] != 1) {
                continue;
            }
            int[] bits = Operand.bits(Arrays.copyOfRange(out, t * width, (t + 1) * width));
            int[] before = want.putIfAbsent(rows.get(t)[1], bits);
            if (before != null && !Arrays.equals(before, bits)) {
                int at = Arrays.mismatch(before, bits);
                throw new AssertionError("%s: position %d element %d differs: %s, %s".formatted(
                        context, rows.get(t)[1], at, Float.intBitsToFloat(before[at]),
                        Float.intBitsToFloat(bits[at])));
            }
        }
    }

    static Matrix written(Kernels subject, float[] values, int cols) {
        Matrix device = subject.allocate(DType.F32, values.length / cols, cols);
        subject.write(Matrix.host(values, values.length / cols, cols), device);
        return device;
    }
}
