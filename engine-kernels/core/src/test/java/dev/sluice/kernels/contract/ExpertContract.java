package dev.sluice.kernels.contract;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.GroupRule;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/// What every backend owes: routing and the experts' feed-forward layers.
final class ExpertContract {
    private ExpertContract() { }

    // ---- routing ------------------------------------------------------------------------

    static void routeTopK(Kernels subject, long seed) {
        var random = new Random(seed);
        for (Scoring scoring : Scoring.values()) {
            for (boolean normalize : new boolean[] {false, true}) {
                for (int[] size : new int[][] {
                    {1, 1}, {7, 7}, {8, 2}, {9, 3}, {17, 1}, {64, 6}, {128, 8}, {256, 8}}) {
                    routeTopK(subject, seed, RouterSpec.of(size[0], size[1], scoring, normalize,
                            normalize ? 2.5f : 1), random);
                }
                for (GroupRule rule : GroupRule.values()) {
                    // Groups of 8 with 1 and 4 kept, groups of one expert, all groups kept.
                    for (int[] s : new int[][] {
                        {64, 8, 8, 4}, {32, 3, 4, 1}, {9, 2, 9, 3}, {16, 4, 4, 4}}) {
                        routeTopK(subject, seed, new RouterSpec(s[0], s[1], scoring, normalize, 16,
                                s[2], s[3], rule), random);
                    }
                }
            }
        }
    }

    private static void routeTopK(Kernels subject, long seed, RouterSpec spec, Random random) {
        for (boolean biased : new boolean[] {false, true}) {
            for (int rows : new int[] {0, 1, 12}) {
                var c = new ContractCase(subject, "routeTopK seed=%d T=%d bias=%b %s"
                        .formatted(seed, rows, biased, spec));
                Operand logits = c.input("logits", logits(random, rows, spec.experts()), rows,
                        spec.experts());
                Operand bias = c.input("correctionBias", eighths(random, spec.experts()), 1,
                        spec.experts());
                Operand ids = c.outputInts("expertIds", rows, spec.topK());
                Operand weights = c.output("expertWeights", rows, spec.topK());
                c.run((kernels, on, _) -> kernels.routeTopK(spec, on.apply(logits),
                        biased ? on.apply(bias) : Matrix.none(spec.experts()), on.apply(ids),
                        on.apply(weights)));
                c.verify(_ -> {
                    c.exact(ids);
                    // exp, a sum of positives, two divisions.
                    c.close(weights, Tolerance.units(64 + spec.experts()));
                });
            }
        }
    }

    /// Multiples of 1/8: either equal, and then the lower id wins, or apart by far more than the
    /// rounding of a sigmoid, a softmax or a sum of two. Row 1 is all equal, row 2 all zero, row 3
    /// has a run of equal largest ones, row 4 is large (softmax without the maximum overflows).
    private static float[] logits(Random random, int rows, int experts) {
        float[] logits = eighths(random, rows * experts);
        for (int e = 0; e < experts; e++) {
            for (int t = 1; t < Math.min(rows, 5); t++) {
                int i = t * experts + e;
                logits[i] = switch (t) {
                    case 1 -> -1.5f;
                    case 2 -> 0;
                    case 3 -> e % 3 == 1 ? 2 : logits[i] / 4;
                    default -> logits[i] + 200;
                };
            }
        }
        return logits;
    }

    private static float[] eighths(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextInt(49) - 24) / 8f;
        }
        return values;
    }

    static void countExperts(Kernels subject, long seed) {
        var random = new Random(seed);
        for (int[] s : new int[][] {{0, 2, 4}, {1, 1, 1}, {3, 2, 7}, {101, 8, 17}, {1000, 6, 64}}) {
            var c = new ContractCase(subject, "countExperts seed=%d T=%d K=%d E=%d"
                    .formatted(seed, s[0], s[1], s[2]));
            Operand ids = c.input("expertIds", Samples.ids(random, s[0] * s[1], s[2]), s[0], s[1]);
            Operand counters = c.updated("counters", Samples.ids(random, s[2], 1000), 1, s[2]);
            c.run((kernels, on, _) -> kernels.countExperts(on.apply(ids), on.apply(counters)));
            c.verify(_ -> c.exact(counters));
        }
    }

    // ---- feed-forward -------------------------------------------------------------------

    static void expertFfn(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : ProductContract.weightTypes()) {
            int block = dtype.quantised() ? dtype.blockElements() : 1;
            Activation activation = Activation.values()[dtype.ordinal() % 3];
            boolean biased = dtype.ordinal() % 2 == 0;
            int wide = dtype.quantised() ? block * Math.max(1, 64 / block) : 53;
            int hidden = dtype.quantised() ? block : 17;
            expertFfn(subject, seed, new Shape(0, 4, 2, wide, hidden, dtype, activation, biased),
                    random);
            expertFfn(subject, seed, new Shape(1, 3, 3, wide, hidden, dtype, activation, biased),
                    random);
            expertFfn(subject, seed, new Shape(19, 8, 2, wide, hidden, dtype, activation, biased),
                    random);
        }
        for (Activation activation : Activation.values()) {
            for (boolean biased : new boolean[] {false, true}) {
                expertFfn(subject, seed,
                        new Shape(5, 4, 2, 32, 33, DType.F32, activation, biased), random);
            }
        }
        // Enough rows an expert for the paths that multiply tiles of rows.
        expertFfn(subject, seed,
                new Shape(70, 3, 2, 64, 32, DType.Q8_0, Activation.SILU, false), random);
        expertFfn(subject, seed,
                new Shape(70, 3, 2, 40, 33, DType.BF16, Activation.GELU_TANH, true), random);
        expertFfn(subject, seed,
                new Shape(3, 5, 2, 2048, 64, DType.BF16, Activation.SILU, false), random);
    }

    private record Shape(int rows, int experts, int topK, int wide, int hidden, DType dtype,
            Activation activation, boolean biased) { }

    private static void expertFfn(Kernels subject, long seed, Shape s, Random random) {
        var c = new ContractCase(subject, "expertFfn seed=%d %s".formatted(seed, s));
        Operand x = c.input("x", Samples.gaussian(random, s.rows * s.wide), s.rows, s.wide);
        int[] kept = new int[s.rows * s.topK];
        for (int t = 0; t < s.rows; t++) {
            System.arraycopy(Samples.shuffled(random, s.experts), 0, kept, t * s.topK, s.topK);
        }
        Operand ids = c.input("expertIds", kept, s.rows, s.topK);
        Operand weights = c.input("expertWeights", Samples.gaussian(random, kept.length), s.rows,
                s.topK);
        int biases = s.biased ? s.experts : 0;
        Operand gateBias = c.input("gateBias", Samples.gaussian(random, biases * s.hidden), biases,
                s.hidden);
        Operand upBias = c.input("upBias", Samples.gaussian(random, biases * s.hidden), biases,
                s.hidden);
        Operand downBias = c.input("downBias", Samples.gaussian(random, biases * s.wide), biases,
                s.wide);
        List<SampleWeight> gate = experts(c, s, s.hidden, s.wide, random);
        List<SampleWeight> up = experts(c, s, s.hidden, s.wide, random);
        List<SampleWeight> down = experts(c, s, s.wide, s.hidden, random);
        Operand out = c.output("out", s.rows, s.wide);
        c.run((kernels, on, weightOn) -> kernels.expertFfn(on.apply(x), new ExpertWeights(
                sided(gate, weightOn), sided(up, weightOn), sided(down, weightOn),
                on.apply(gateBias), on.apply(upBias), on.apply(downBias), s.activation),
                on.apply(ids), on.apply(weights), on.apply(out)));
        c.verify(_ -> {
            double relative = norm(s);
            double[] rowNorms = rowNorms(out);
            // An element may be off by six times the typical error of its row.
            c.close(out, (row, _, _) -> 6 * relative * rowNorms[row] / Math.sqrt(s.wide)
                    + Tolerance.FLUSH);
            c.closeInNorm(out, relative);
        });
    }

    /// Three products one after another. In floats each adds the error of its sum, and an
    /// activation stretches it by at most 8 (the clamped one multiplies by up + 1). With 8-bit
    /// codes gate and up add 0.8 percent each, stretched by about 2, and the product of both has
    /// long tails, so that its own codes add up to 2 percent: 3 percent in all, doubled because a
    /// small matrix is a small sample, and doubled again for the clamped one.
    private static double norm(Shape s) {
        return s.dtype.quantised() ? s.activation == Activation.SWIGLU_CLAMPED ? 0.12 : 0.06
                : 16 * Tolerance.U * (Math.sqrt(s.wide) + Math.sqrt(s.hidden) + 8);
    }

    private static double[] rowNorms(Operand out) {
        double[] norms = new double[out.rows()];
        for (int t = 0; t < norms.length; t++) {
            for (int i = 0; i < out.cols(); i++) {
                norms[t] += (double) out.host().f32(t, i) * out.host().f32(t, i);
            }
            norms[t] = Math.sqrt(norms[t]);
        }
        return norms;
    }

    private static List<SampleWeight> experts(ContractCase c, Shape s, int rows, int cols,
            Random random) {
        var experts = new ArrayList<SampleWeight>();
        for (int e = 0; e < s.experts; e++) {
            experts.add(c.weight(s.dtype, rows, cols, random));
        }
        return experts;
    }

    private static List<Matrix> sided(List<SampleWeight> weights,
            Function<SampleWeight, Matrix> weightOn) {
        var matrices = new ArrayList<Matrix>();
        weights.forEach(weight -> matrices.add(weightOn.apply(weight)));
        return matrices;
    }
}
