package dev.sluice.kernels.contract;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.WeightLoader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// What every backend owes to caches and placements: weights that come and go, experts in any
/// order and with copies, and layers computed in parts. None of it may change a bit.
final class ExpertPlaceContract {
    private static final int EXPERTS = 5;
    private static final int SLOTS = 3;

    private ExpertPlaceContract() { }

    /// A room multiplies as a prepared weight does, whatever it held before, also when another
    /// thread fills it.
    static void weightRooms(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : ProductContract.weightTypes()) {
            int cols = dtype.quantised() ? 2 * dtype.blockElements() : 45;
            String context = "%s weight rooms seed=%d %s".formatted(subject.backendName(), seed,
                    dtype);
            Matrix x = device(subject, Samples.gaussian(random, 3 * cols), 3, cols);
            var first = SampleWeight.random(subject, dtype, 37, cols, random);
            var second = SampleWeight.random(subject, dtype, 37, cols, random);
            Matrix room = subject.allocateWeight(dtype, 37, cols);
            WeightLoader loader = subject.weightLoader();
            for (SampleWeight weight : List.of(first, second)) {
                onAnotherThread(() -> loader.load(weight.host(), room));
                int[] want = product(subject, x, weight.prepared());
                same(context, want, product(subject, x, room));
                weight.requireUnchanged(context);
            }
            if (subject.weightBytes(dtype, 37, cols) < 37) {
                throw new AssertionError(context + ": 37 rows in "
                        + subject.weightBytes(dtype, 37, cols) + " bytes");
            }
        }
    }

    private static void onAnotherThread(Runnable work) {
        var thread = Thread.ofPlatform().start(work);
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int[] product(Kernels subject, Matrix x, Matrix weight) {
        Matrix out = subject.allocate(DType.F32, x.rows(), weight.rows());
        subject.matmul(x, weight, out);
        return bits(subject, out);
    }

    /// Experts in another order, and with copies that take turns.
    static void places(Kernels subject, long seed) {
        var random = new Random(seed);
        for (int rows : new int[] {1, 4, 61}) {
            for (boolean biased : new boolean[] {false, true}) {
                var scene = new Scene(subject, DType.Q4_0, rows, biased, random);
                String context = "%s expert places seed=%d T=%d bias=%b".formatted(
                        subject.backendName(), seed, rows, biased);
                int[] want = scene.ffn(scene.experts);
                int[] order = {4, 2, 0, 1, 2, 3, 0, 2};
                int[][] copies = {{2, 6}, {3}, {1, 7, 4}, {5}, {0}};
                same(context, want, scene.ffn(scene.experts.placed(order,
                        ExpertTable.of(copies, order.length))));
            }
        }
    }

    /// The two halves of a layer, all experts at once and in waves, give the bits of the whole;
    /// rows of absent experts are left alone.
    static void halves(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.Q8_0, DType.Q4_0, DType.Q4_K)) {
            for (int rows : new int[] {1, 5, 61}) {
                var scene = new Scene(subject, dtype, rows, rows == 5, random);
                String context = "%s expert halves seed=%d %s T=%d".formatted(
                        subject.backendName(), seed, dtype, rows);
                int[] want = scene.ffn(scene.experts);
                for (int[][] waves : new int[][][] {{{0, 1, 2, 3, 4}}, {{3}, {0, 4}, {1, 2}}}) {
                    same(context + Arrays.deepToString(waves), want, scene.inWaves(waves,
                            context));
                }
            }
        }
    }

    /// One layer's operands on the subject.
    private static final class Scene {
        private final Kernels subject;
        private final int wide;
        private final Matrix x;
        private final int[] kept;
        private final Matrix ids;
        private final Matrix weights;
        private final ExpertWeights experts;

        Scene(Kernels subject, DType dtype, int rows, boolean biased, Random random) {
            this.subject = subject;
            wide = dtype.quantised() ? Math.max(96, dtype.blockElements()) : 45;
            int hidden = dtype.quantised() ? dtype.blockElements() : 35;
            x = device(subject, Samples.gaussian(random, rows * wide), rows, wide);
            kept = new int[rows * SLOTS];
            for (int t = 0; t < rows; t++) {
                System.arraycopy(Samples.shuffled(random, EXPERTS), 0, kept, t * SLOTS, SLOTS);
            }
            ids = subject.allocate(DType.I32, rows, SLOTS);
            subject.write(Matrix.host(kept, rows, SLOTS), ids);
            weights = device(subject, Samples.gaussian(random, kept.length), rows, SLOTS);
            int biases = biased ? EXPERTS : 0;
            experts = new ExpertWeights(list(dtype, hidden, wide, random),
                    list(dtype, hidden, wide, random), list(dtype, wide, hidden, random),
                    device(subject, Samples.gaussian(random, biases * hidden), biases, hidden),
                    device(subject, Samples.gaussian(random, biases * hidden), biases, hidden),
                    device(subject, Samples.gaussian(random, biases * wide), biases, wide),
                    Activation.SILU);
        }

        private List<Matrix> list(DType dtype, int rows, int cols, Random random) {
            var list = new ArrayList<Matrix>();
            for (int e = 0; e < EXPERTS; e++) {
                list.add(SampleWeight.random(subject, dtype, rows, cols, random).prepared());
            }
            return list;
        }

        int[] ffn(ExpertWeights placed) {
            Matrix out = subject.allocate(DType.F32, x.rows(), wide);
            subject.expertFfn(x, placed, ids, weights, out);
            return bits(subject, out);
        }

        int[] inWaves(int[][] waves, String context) {
            ExpertTable table = ExpertTable.movable(EXPERTS, EXPERTS);
            var movable = new ExpertWeights(experts.gate(), experts.up(), experts.down(),
                    experts.gateBias(), experts.upBias(), experts.downBias(),
                    experts.activation(), table);
            int pairs = kept.length;
            Matrix rows = subject.allocate(DType.F32, pairs, wide);
            int[] poison = Operand.poison(pairs * wide);
            subject.write(Matrix.of(DType.F32, pairs, wide, MemorySegment.ofArray(poison), 0),
                    rows);
            boolean[] done = new boolean[EXPERTS];
            for (int[] wave : waves) {
                for (int e : wave) {
                    table.put(e, e);
                    done[e] = true;
                }
                subject.expertRows(x, movable, ids, rows);
                for (int e : wave) {
                    table.remove(e);
                }
                requireRest(bits(subject, rows), poison, done, context);
            }
            Matrix out = subject.allocate(DType.F32, x.rows(), wide);
            subject.combineExperts(rows, weights, out);
            return bits(subject, out);
        }

        /// Rows of experts that have had no turn are still poisoned, the others are not.
        private void requireRest(int[] rows, int[] poison, boolean[] done, String context) {
            for (int pair = 0; pair < kept.length; pair++) {
                for (int i = pair * wide; i < (pair + 1) * wide; i++) {
                    if ((rows[i] == poison[i]) == done[kept[pair]]) {
                        throw new AssertionError("%s: row %d of expert %d is %s".formatted(context,
                                pair, kept[pair], done[kept[pair]] ? "missing" : "written early"));
                    }
                }
            }
        }
    }

    private static Matrix device(Kernels subject, float[] values, int rows, int cols) {
        Matrix device = subject.allocate(DType.F32, rows, cols);
        subject.write(Matrix.host(values, rows, cols), device);
        return device;
    }

    private static int[] bits(Kernels subject, Matrix out) {
        int[] bits = new int[out.rows() * out.cols()];
        subject.read(out, Matrix.of(DType.F32, out.rows(), out.cols(),
                MemorySegment.ofArray(bits), 0));
        return bits;
    }

    private static void same(String context, int[] want, int[] got) {
        int at = Arrays.mismatch(want, got);
        if (at >= 0) {
            throw new AssertionError("%s: element %d: want exactly %s, got %s".formatted(context,
                    at, Float.intBitsToFloat(want[at]), Float.intBitsToFloat(got[at])));
        }
    }
}
