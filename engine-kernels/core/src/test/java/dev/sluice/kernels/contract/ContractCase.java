package dev.sluice.kernels.contract;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;

/// One call of one operation on the subject and on the oracle, and what is checked around it: no
/// write outside the outputs, inputs and weights unchanged, every output written. One thread.
final class ContractCase {
    private final Kernels subject;
    private final Kernels oracle = Kernels.open("reference", BackendOptions.defaults());
    private final String context;
    private final List<Operand> operands = new ArrayList<>();
    private final List<SampleWeight> weights = new ArrayList<>();

    /// @param context the operation, the seed and the shape, for the failure message
    ContractCase(Kernels subject, String context) {
        this.subject = subject;
        this.context = subject.backendName() + " " + context;
    }

    String context() { return context; }

    Operand input(String name, float[] values, int rows, int cols) {
        return operand(name, Operand.Role.INPUT, DType.F32, Operand.bits(values), rows, cols);
    }

    Operand input(String name, int[] values, int rows, int cols) {
        return operand(name, Operand.Role.INPUT, DType.I32, values, rows, cols);
    }

    /// Poisoned with NaN.
    Operand output(String name, int rows, int cols) {
        return operand(name, Operand.Role.OUTPUT, DType.F32, Operand.poison(rows * cols), rows,
                cols);
    }

    Operand outputInts(String name, int rows, int cols) {
        return operand(name, Operand.Role.OUTPUT, DType.I32, Operand.poison(rows * cols), rows,
                cols);
    }

    Operand updated(String name, float[] values, int rows, int cols) {
        return operand(name, Operand.Role.UPDATED, DType.F32, Operand.bits(values), rows, cols);
    }

    Operand updated(String name, int[] values, int rows, int cols) {
        return operand(name, Operand.Role.UPDATED, DType.I32, values, rows, cols);
    }

    private Operand operand(String name, Operand.Role role, DType dtype, int[] bits, int rows,
            int cols) {
        var operand = new Operand(subject, name, role, dtype, bits, rows, cols);
        operands.add(operand);
        return operand;
    }

    /// A random weight; the subject gets it through `prepare`.
    SampleWeight weight(DType dtype, int rows, int cols, Random random) {
        var weight = SampleWeight.random(subject, dtype, rows, cols, random);
        weights.add(weight);
        return weight;
    }

    /// Runs the operation on both sides. `on` gives the matrix of an operand on the side at hand.
    void run(Operation operation) {
        operation.run(oracle, Operand::host, SampleWeight::host);
        operation.run(subject, Operand::device, SampleWeight::prepared);
    }

    interface Operation {
        void run(Kernels kernels, Function<Operand, Matrix> on,
                Function<SampleWeight, Matrix> weightOn);
    }

    /// Every operand that the operation was to leave alone is as it was, and no guard is touched;
    /// then `checks` looks at the results.
    void verify(Consumer<ContractCase> checks) {
        for (Operand operand : operands) {
            operand.result(subject, context);
        }
        for (SampleWeight weight : weights) {
            weight.requireUnchanged(context);
        }
        checks.accept(this);
        oracle.close();
    }

    /// Bits equal to the oracle's.
    void exact(Operand operand) {
        int[] want = operand.wanted();
        int[] got = operand.result(subject, context);
        for (int i = 0; i < want.length; i++) {
            if (want[i] != got[i]) {
                throw new AssertionError("%s: %s [%d,%d] at %d,%d: want exactly %s, got %s"
                        .formatted(context, operand.name(), operand.rows(), operand.cols(),
                                i / operand.cols(), i % operand.cols(), text(operand, want[i]),
                                text(operand, got[i])));
            }
        }
    }

    private static String text(Operand operand, int bits) {
        return operand.device().dtype() == DType.I32 ? Integer.toString(bits)
                : Float.intBitsToFloat(bits) + " (" + Integer.toHexString(bits) + ")";
    }

    /// Within `tolerance` of the oracle, element by element. NaN is never within.
    void close(Operand operand, Tolerance tolerance) {
        int[] want = operand.wanted();
        int[] got = operand.result(subject, context);
        int worst = -1;
        double worstRatio = 1;
        for (int i = 0; i < want.length; i++) {
            double w = Float.intBitsToFloat(want[i]);
            double error = Math.abs(Float.intBitsToFloat(got[i]) - w);
            double allowed = tolerance.of(i / operand.cols(), i % operand.cols(), w);
            double ratio = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error / allowed;
            if (w != Float.intBitsToFloat(got[i]) && !(ratio <= worstRatio)) {
                worst = i;
                worstRatio = ratio;
            }
        }
        if (worst >= 0) {
            throw new AssertionError(
                    "%s: %s [%d,%d] worst at %d,%d: want %s, got %s, %.3g times the tolerance %.3g"
                            .formatted(context, operand.name(), operand.rows(), operand.cols(),
                                    worst / operand.cols(), worst % operand.cols(),
                                    Float.intBitsToFloat(want[worst]),
                                    Float.intBitsToFloat(got[worst]), worstRatio,
                                    tolerance.of(worst / operand.cols(), worst % operand.cols(),
                                            Float.intBitsToFloat(want[worst]))));
        }
    }

    /// The error of the whole matrix relative to the whole matrix, in the 2-norm.
    void closeInNorm(Operand operand, double relative) {
        int[] want = operand.wanted();
        int[] got = operand.result(subject, context);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < want.length; i++) {
            double w = Float.intBitsToFloat(want[i]);
            double difference = Float.intBitsToFloat(got[i]) - w;
            error += difference * difference;
            norm += w * w;
        }
        if (!(error <= relative * relative * norm)) {
            throw new AssertionError("%s: %s [%d,%d] relative error %.3g in 2-norm, allowed %.3g"
                    .formatted(context, operand.name(), operand.rows(), operand.cols(),
                            Math.sqrt(error / norm), relative));
        }
    }
}
