package dev.sluice.kernels.contract;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.contract.AttentionScene.Chunk;
import dev.sluice.kernels.contract.AttentionScene.Layer;
import java.util.List;
import java.util.Random;

/// What encoders need beside the operations of decoders: LayerNorm, exact GELU, and attention in
/// which every row of a text sees all of it.
final class EncoderContract {
    private static final int[] ROWS = {0, 1, 3, 9};
    private static final float EPSILON = 1e-5f;

    private EncoderContract() { }

    static void layerNorm(Kernels subject, long seed) {
        var random = new Random(seed);
        for (int cols : Samples.WIDTHS) {
            for (int rows : ROWS) {
                for (float centre : new float[] {0, -300}) {
                    float[] values = Samples.gaussian(random, rows * cols);
                    for (int i = 0; i < values.length; i++) {
                        // Row 1 varies so little that epsilon counts.
                        values[i] = values[i] * (i / cols == 1 ? 0.002f : 1) + centre;
                    }
                    layerNorm(new ContractCase(subject, "layerNorm seed=%d [%d,%d] around %s"
                            .formatted(seed, rows, cols, centre)), values, cols, random);
                }
            }
        }
    }

    /// A row's values are rounded at the size of the mean, which the division by the deviation
    /// (at least sqrt(epsilon)) makes larger.
    private static void layerNorm(ContractCase c, float[] values, int cols, Random random) {
        int rows = values.length / cols;
        float[] factors = Samples.gaussian(random, cols);
        float[] shifts = Samples.gaussian(random, cols);
        Operand x = c.input("x", values, rows, cols);
        Operand weight = c.input("weight", factors, 1, cols);
        Operand bias = c.input("bias", shifts, 1, cols);
        Operand out = c.output("out", rows, cols);
        Operand same = c.updated("x in place", values, rows, cols);
        c.run((kernels, on, _) -> {
            kernels.layerNorm(on.apply(x), on.apply(weight), on.apply(bias), EPSILON,
                    on.apply(out));
            kernels.layerNorm(on.apply(same), on.apply(weight), on.apply(bias), EPSILON,
                    on.apply(same));
        });
        Tolerance tolerance = (row, col, want) -> {
            double size = Math.abs(values[row * cols + col]);
            double deviation = deviation(values, row, cols);
            double scaled = Math.abs(want) + 2 * Math.abs(shifts[col]);
            return 16 * Tolerance.U * scaled + Tolerance.sum(cols) * scaled
                    + 2 * Tolerance.U * Math.abs(factors[col]) * size / deviation;
        };
        c.verify(_ -> {
            c.close(out, tolerance);
            c.close(same, tolerance);
        });
    }

    private static double deviation(float[] values, int row, int cols) {
        double mean = 0;
        double squares = 0;
        for (int c = 0; c < cols; c++) {
            mean += values[row * cols + c] / (double) cols;
        }
        for (int c = 0; c < cols; c++) {
            squares += Math.pow(values[row * cols + c] - mean, 2);
        }
        return Math.sqrt(squares / cols + EPSILON);
    }

    static void gelu(Kernels subject, long seed) {
        var random = new Random(seed);
        for (int cols : Samples.WIDTHS) {
            for (int rows : ROWS) {
                float[] values = Samples.gaussian(random, rows * cols);
                for (int i = 0; i < values.length; i++) {
                    values[i] *= i % 3 == 0 ? 6 : 1;
                }
                gelu(new ContractCase(subject, "gelu seed=%d [%d,%d]".formatted(
                        seed, rows, cols)), values, cols);
            }
            gelu(new ContractCase(subject, "gelu extremes seed=%d [8,%d]".formatted(seed, cols)),
                    Samples.extremeRows(random, cols, 1e30f), cols);
        }
    }

    /// The tail comes from exp, whose argument x^2/2 is rounded where it is large; where 1 + erf
    /// cancels, an error of a few units of 1 stays.
    private static void gelu(ContractCase c, float[] values, int cols) {
        Operand x = c.updated("x", values, values.length / cols, cols);
        c.run((kernels, on, _) -> kernels.gelu(on.apply(x)));
        c.verify(_ -> c.close(x, (row, col, want) -> {
            double cancelled = Math.min(Math.abs(values[row * cols + col]), 6);
            return 64 * Tolerance.U * Math.abs(want) + 4 * cancelled * Tolerance.U + 0x1p-120;
        }));
    }

    /// Rows of a text, their queries all different, stand at the text's last position.
    static void wholeTextAttention(Kernels subject, long seed) {
        for (Layer layer : List.of(Layer.grouped(4, 4, 32, DType.F32),
                Layer.grouped(4, 2, 64, DType.F32).paged(16),
                Layer.grouped(3, 3, 16, DType.F16))) {
            String context = "%s attention of whole texts seed=%d %s"
                    .formatted(subject.backendName(), seed, layer);
            float[] got = wholeTexts(subject, seed, layer, context);
            try (Kernels oracle = Kernels.open("reference", BackendOptions.defaults())) {
                AttentionContract.requireClose(context, layer, AttentionScene.rows(TEXTS),
                        wholeTexts(oracle, seed, layer, context), got);
            }
        }
    }

    private static final List<Chunk> TEXTS =
            List.of(new Chunk(0, 0, 1), new Chunk(1, 0, 37), new Chunk(2, 0, 300));

    private static float[] wholeTexts(Kernels kernels, long seed, Layer layer, String context) {
        var scene = new AttentionScene(kernels, layer, seed, 3, 304, seed + 5);
        scene.store(TEXTS);
        List<int[]> rows = AttentionScene.rows(TEXTS);
        int[] last = rows.stream().mapToInt(row -> TEXTS.get(row[0]).to() - 1).toArray();
        return scene.attend(rows, last, context);
    }

    static void invariance(Kernels subject, long seed) {
        var random = new Random(seed);
        Matrix weight = InvarianceContract.written(subject, Samples.gaussian(random, 333), 333);
        Matrix bias = InvarianceContract.written(subject, Samples.gaussian(random, 333), 333);
        InvarianceContract.rowsAlone(subject, "layerNorm", seed,
                Samples.gaussian(random, InvarianceContract.ROWS * 333), 333,
                (x, out) -> subject.layerNorm(x, weight, bias, EPSILON, out));
        InvarianceContract.rowsAlone(subject, "gelu", seed,
                Samples.gaussian(random, InvarianceContract.ROWS * 19), 19, (x, out) -> {
                    subject.copyColumns(x, 0, out, 0, 19);
                    subject.gelu(out);
                });
    }
}
