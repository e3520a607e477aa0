package dev.sluice.kernels.contract;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One matrix of a case, twice: plain host memory for the oracle, and memory of the subject with
/// guard rows around it. Everything reaches the subject by `allocate` and `write` and comes back
/// by `read`, so that memory which the host can not see works too.
///
///     device: | guard rows | rows of the operand | guard rows |
///
/// The view therefore starts at a byte offset that is not zero and, for odd widths, not aligned
/// to a vector.
final class Operand {
    enum Role { INPUT, OUTPUT, UPDATED }

    /// A quiet NaN that no computation makes: outputs start with it, guards keep it.
    private static final int POISON = 0x7FC5A5A5;

    private final String name;
    private final Role role;
    private final int[] initial;
    private final Matrix host;
    private final Matrix whole;
    private final Matrix device;
    private final int guard;

    Operand(Kernels subject, String name, Role role, DType dtype, int[] bits, int rows, int cols) {
        this.name = name;
        this.role = role;
        this.initial = bits.clone();
        this.host = Matrix.of(dtype, rows, cols, MemorySegment.ofArray(bits.clone()), 0);
        this.guard = 1 + 16 / Math.max(1, cols);
        this.whole = subject.allocate(dtype, rows + 2 * guard, cols);
        this.device = whole.rows(guard, rows);
        int[] all = new int[(rows + 2 * guard) * cols];
        Arrays.fill(all, POISON);
        System.arraycopy(bits, 0, all, guard * cols, bits.length);
        subject.write(Matrix.of(dtype, rows + 2 * guard, cols,
                MemorySegment.ofArray(all), 0), whole);
    }

    static int[] poison(int count) {
        int[] bits = new int[count];
        Arrays.fill(bits, POISON);
        return bits;
    }

    static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    String name() { return name; }

    int rows() { return device.rows(); }

    int cols() { return device.cols(); }

    /// What the oracle reads and writes.
    Matrix host() { return host; }

    /// What the subject reads and writes.
    Matrix device() { return device; }

    /// The bits that the oracle left.
    int[] wanted() {
        return (int[]) host.memory().heapBase().orElseThrow();
    }

    /// The bits that the subject left; fails when it touched a guard or changed an input.
    int[] result(Kernels subject, String context) {
        int[] all = new int[(rows() + 2 * guard) * cols()];
        subject.read(whole, Matrix.of(device.dtype(), rows() + 2 * guard, cols(),
                MemorySegment.ofArray(all), 0));
        int from = guard * cols();
        int to = from + initial.length;
        for (int i = 0; i < all.length; i++) {
            if ((i < from || i >= to) && all[i] != POISON) {
                throw new AssertionError("%s: wrote element %d %s of %s [%d,%d]".formatted(context,
                        i < from ? from - i : i - to,
                        i < from ? "before the start" : "past the end",
                        name, rows(), cols()));
            }
        }
        int[] result = Arrays.copyOfRange(all, from, to);
        if (role == Role.INPUT && !Arrays.equals(result, initial)) {
            throw new AssertionError("%s: changed its input %s at element %d of [%d,%d]".formatted(
                    context, name, Arrays.mismatch(result, initial), rows(), cols()));
        }
        return result;
    }
}
