package dev.sluice.kernels.contract;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/// What every backend owes: memory and the operations on rows.
final class RowContract {
    private static final int[] ROWS = {0, 1, 3, 9};
    private static final float HUGE = 1e30f;

    private RowContract() { }

    private interface Shape {
        void check(ContractCase c, Random random, int rows, int cols);
    }

    private static void eachShape(Kernels subject, long seed, String operation, Shape shape) {
        var random = new Random(seed);
        for (int cols : Samples.WIDTHS) {
            for (int rows : ROWS) {
                shape.check(new ContractCase(subject, "%s seed=%d [%d,%d]"
                        .formatted(operation, seed, rows, cols)), random, rows, cols);
            }
        }
    }

    private interface Extreme {
        void check(ContractCase c, float[] values, int cols);
    }

    private static void eachExtreme(Kernels subject, long seed, String operation, float huge,
            Extreme extreme) {
        var random = new Random(seed);
        for (int cols : Samples.WIDTHS) {
            extreme.check(new ContractCase(subject, "%s extremes seed=%d [8,%d]"
                    .formatted(operation, seed, cols)),
                    Samples.extremeRows(random, cols, huge), cols);
        }
    }

    // ---- memory -------------------------------------------------------------------------

    /// Fresh memory is zero, what is written is read, through row views too.
    static void memory(Kernels subject, long seed) {
        var random = new Random(seed);
        for (int cols : Samples.WIDTHS) {
            String context = "%s memory seed=%d [9,%d]".formatted(subject.backendName(), seed,
                    cols);
            Matrix device = subject.allocate(DType.I32, 9, cols);
            int[] want = new int[9 * cols];
            requireEqual(context + " fresh", want, device, subject);
            want = Samples.ids(random, want.length, Integer.MAX_VALUE);
            subject.write(Matrix.host(want, 9, cols), device);
            requireEqual(context + " written", want, device, subject);
            int[] part = Samples.ids(random, 3 * cols, 100);
            subject.write(Matrix.host(part, 3, cols), device.rows(5, 3));
            System.arraycopy(part, 0, want, 5 * cols, part.length);
            requireEqual(context + " rows 5..7 written", want, device, subject);
            requireEqual(context + " rows 4..6 read",
                    Arrays.copyOfRange(want, 4 * cols, 7 * cols), device.rows(4, 3), subject);
        }
    }

    private static void requireEqual(String context, int[] want, Matrix device, Kernels subject) {
        int[] got = new int[want.length];
        subject.read(device, Matrix.of(device.dtype(), device.rows(), device.cols(),
                MemorySegment.ofArray(got), 0));
        if (!Arrays.equals(want, got)) {
            int at = Arrays.mismatch(want, got);
            throw new AssertionError("%s element %d: want %d, got %d"
                    .formatted(context, at, want[at], got[at]));
        }
    }

    // ---- copies -------------------------------------------------------------------------

    static void embed(Kernels subject, long seed) {
        var random = new Random(seed);
        for (DType dtype : DType.values()) {
            for (int blocks : dtype == DType.I32 ? new int[0] : new int[] {1, 3, 7}) {
                for (float scale : new float[] {1, 45.254834f}) {
                    var c = new ContractCase(subject, "embed seed=%d %s %d blocks scale=%s"
                            .formatted(seed, dtype, blocks, scale));
                    int cols = blocks * dtype.blockElements();
                    SampleWeight table = c.weight(dtype, 11, cols, random);
                    Operand ids = c.input("tokenIds", new int[] {10, 0, 3, 3, 7}, 5, 1);
                    Operand out = c.output("out", 5, cols);
                    c.run((kernels, on, weightOn) -> kernels.embed(
                            readable(weightOn.apply(table), table.host()), on.apply(ids), scale,
                            on.apply(out)));
                    // One product; a minimum that is fused into it moves the sum by one rounding.
                    c.verify(_ -> c.close(out, Tolerance.units(4)));
                }
            }
        }
    }

    /// Rows are looked up in the prepared form while it still has rows.
    private static Matrix readable(Matrix prepared, Matrix host) {
        return prepared.layout() == Layout.ROWS ? prepared : host;
    }

    static void gatherRows(Kernels subject, long seed) {
        eachShape(subject, seed, "gatherRows", (c, random, rows, cols) -> {
            Operand x = c.input("x", Samples.gaussian(random, 5 * cols), 5, cols);
            Operand ids = c.input("rows", Samples.ids(random, rows, 5), rows, 1);
            Operand out = c.output("out", rows, cols);
            c.run((kernels, on, _) -> kernels.gatherRows(on.apply(x), on.apply(ids),
                    on.apply(out)));
            c.verify(_ -> c.exact(out));
        });
    }

    static void copyColumns(Kernels subject, long seed) {
        eachShape(subject, seed, "copyColumns", (c, random, rows, cols) -> {
            int wide = cols + 5;
            Operand from = c.input("from", Samples.gaussian(random, rows * wide), rows, wide);
            Operand to = c.updated("to", Samples.gaussian(random, rows * (cols + 2)), rows,
                    cols + 2);
            c.run((kernels, on, _) ->
                    kernels.copyColumns(on.apply(from), 3, on.apply(to), 1, cols));
            c.verify(_ -> c.exact(to));
        });
    }

    // ---- norms and sums -----------------------------------------------------------------

    static void rmsNorm(Kernels subject, long seed) {
        eachShape(subject, seed, "rmsNorm", (c, random, rows, cols) ->
                rmsNorm(c, Samples.gaussian(random, rows * cols), rows, cols, random));
        // Squares of 1e15 times 2048 are floats; larger activations are outside the contract.
        eachExtreme(subject, seed, "rmsNorm", 1e15f, (c, values, cols) ->
                rmsNorm(c, values, 8, cols, new Random(seed)));
    }

    private static void rmsNorm(ContractCase c, float[] values, int rows, int cols, Random random) {
        Operand x = c.input("x", values, rows, cols);
        Operand weight = c.input("weight", Samples.gaussian(random, cols), 1, cols);
        Operand out = c.output("out", rows, cols);
        Operand same = c.updated("x in place", values, rows, cols);
        c.run((kernels, on, _) -> {
            kernels.rmsNorm(on.apply(x), on.apply(weight), 1e-6f, on.apply(out));
            kernels.rmsNorm(on.apply(same), on.apply(weight), 1e-6f, on.apply(same));
        });
        // All squares are positive, so the sum's error is relative; the root halves it.
        double units = Tolerance.sum(cols) / Tolerance.U / 2 + 8;
        c.verify(_ -> {
            c.close(out, flushing(units));
            c.close(same, flushing(units));
        });
    }

    /// Inputs below 2^-126 may be read as 0; the factor 1/rms is at most 1000 for epsilon 1e-6.
    private static Tolerance flushing(double units) {
        return (row, col, want) -> Tolerance.units(units).of(row, col, want) + 0x1p-112;
    }

    static void addBias(Kernels subject, long seed) {
        eachShape(subject, seed, "addBias", (c, random, rows, cols) -> {
            Operand x = c.updated("x", Samples.gaussian(random, rows * cols), rows, cols);
            Operand bias = c.input("bias", Samples.gaussian(random, cols), 1, cols);
            c.run((kernels, on, _) -> kernels.addBias(on.apply(x), on.apply(bias)));
            c.verify(_ -> c.exact(x));
        });
    }

    static void add(Kernels subject, long seed) {
        for (float factor : new float[] {1, -0.22f}) {
            eachShape(subject, seed, "add factor=" + factor, (c, random, rows, cols) -> {
                float[] xs = Samples.gaussian(random, rows * cols);
                float[] ys = Samples.gaussian(random, rows * cols);
                Operand x = c.updated("x", xs, rows, cols);
                Operand y = c.input("y", ys, rows, cols);
                c.run((kernels, on, _) -> kernels.add(on.apply(x), on.apply(y), factor));
                c.verify(_ -> c.close(x, (r, col, want) -> 2 * Tolerance.U
                        * (Math.abs(want) + Math.abs(factor * ys[r * cols + col]))));
            });
        }
    }

    static void addGated(Kernels subject, long seed) {
        eachShape(subject, seed, "addGated", (c, random, rows, cols) -> {
            float[] gates = Samples.gaussian(random, rows);
            for (int r = 0; r < rows; r++) {
                // 0, and where exp overflows.
                gates[r] = r == 1 ? 0 : r == 2 ? -1000 : r == 3 ? 1000 : r == 4 ? -20 : gates[r];
            }
            float[] ys = Samples.gaussian(random, rows * cols);
            Operand x = c.updated("x", Samples.gaussian(random, rows * cols), rows, cols);
            Operand gate = c.input("gate", gates, rows, 1);
            Operand y = c.input("y", ys, rows, cols);
            c.run((kernels, on, _) -> kernels.addGated(on.apply(x), on.apply(gate), on.apply(y)));
            c.verify(_ -> c.close(x, (r, col, want) -> 2 * Tolerance.U * Math.abs(want)
                    + 32 * Tolerance.U * Math.abs(ys[r * cols + col]) / (1 + Math.exp(-gates[r]))
                    + Tolerance.FLUSH));
        });
    }

    // ---- element by element -------------------------------------------------------------

    static void scale(Kernels subject, long seed) {
        eachShape(subject, seed, "scale", (c, random, rows, cols) -> {
            Operand x = c.updated("x", Samples.gaussian(random, rows * cols), rows, cols);
            c.run((kernels, on, _) -> kernels.scale(on.apply(x), -0.3f));
            c.verify(_ -> c.exact(x));
        });
    }

    static void softcap(Kernels subject, long seed) {
        Extreme check = (c, values, cols) -> {
            Operand x = c.updated("x", values, values.length / cols, cols);
            c.run((kernels, on, _) -> kernels.softcap(on.apply(x), 30));
            // Near 0 a tanh made of exponentials is right to a few units of 1, not of itself.
            c.verify(_ -> c.close(x, (row, col, want) ->
                    Tolerance.units(32).of(row, col, want) + 4 * Tolerance.U * 30));
        };
        eachShape(subject, seed, "softcap", (c, random, rows, cols) -> {
            float[] values = Samples.gaussian(random, rows * cols);
            for (int i = 0; i < values.length; i++) {
                values[i] *= 40;
            }
            check.check(c, values, cols);
        });
        eachExtreme(subject, seed, "softcap", HUGE, check);
    }

    static void clamp(Kernels subject, long seed) {
        Extreme check = (c, values, cols) -> {
            Operand x = c.updated("x", values, values.length / cols, cols);
            c.run((kernels, on, _) -> kernels.clamp(on.apply(x), 0.7f));
            c.verify(_ -> c.close(x, (_, _, _) -> Tolerance.FLUSH));
        };
        eachShape(subject, seed, "clamp", (c, random, rows, cols) ->
                check.check(c, Samples.gaussian(random, rows * cols), cols));
        eachExtreme(subject, seed, "clamp", HUGE, check);
    }

    static void gatedActivation(Kernels subject, long seed) {
        for (Activation activation : Activation.values()) {
            String name = "gatedActivation " + activation;
            eachShape(subject, seed, name, (c, random, rows, cols) -> {
                float[] gates = Samples.gaussian(random, rows * cols);
                for (int i = 0; i < gates.length; i++) {
                    gates[i] *= i % 3 == 0 ? 10 : 1;
                }
                activation(c, activation, gates, Samples.gaussian(random, rows * cols), cols);
            });
            eachExtreme(subject, seed, name, HUGE, (c, values, cols) -> activation(
                    c, activation, values, Samples.gaussian(new Random(seed), values.length),
                    cols));
        }
    }

    private static void activation(ContractCase c, Activation activation, float[] gates,
            float[] ups, int cols) {
        int rows = gates.length / cols;
        Operand gate = c.input("gate", gates, rows, cols);
        Operand up = c.input("up", ups, rows, cols);
        Operand out = c.output("out", rows, cols);
        Operand same = c.updated("gate in place", gates, rows, cols);
        c.run((kernels, on, _) -> {
            kernels.gatedActivation(activation, on.apply(gate), on.apply(up), on.apply(out));
            kernels.gatedActivation(activation, on.apply(same), on.apply(up), on.apply(same));
        });
        // 1 + tanh loses everything but a few units of 1 where tanh is near -1 (from -10 on the
        // result is 0 to a float); up + 1 cancels near -1.
        Tolerance tolerance = (row, col, want) -> {
            double g = Math.min(Math.abs(gates[row * cols + col]), 10);
            double u = Math.abs(ups[row * cols + col]);
            double cancelled = switch (activation) {
                case SILU -> 0;
                case GELU_TANH -> 4 * g * u;
                case SWIGLU_CLAMPED -> 4 * g;
            };
            return 64 * Tolerance.U * Math.abs(want) + cancelled * Tolerance.U + 0x1p-120;
        };
        c.verify(_ -> {
            c.close(out, tolerance);
            c.close(same, tolerance);
        });
    }
}
