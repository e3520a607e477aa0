package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.kernels.RowMap;

/// The rows of a step that run a sublayer, in their order, when the others are forecast:
///
///     row of the step    0 1 2 3 4
///     forecast             x   x
///     chosen             0   2   4        joined   0 2 4 | 1 3
///
/// Scratch, shared by all layers. Engine thread only.
final class ChosenRows {
    private final Kernels kernels;
    private final RowBuffer ids;
    private final RowBuffer origins;
    private final RowBuffer positions;
    private final RowBuffer sequences;
    private final RowBuffer angles;
    private final HostInts ints;
    private final int[] chosen;
    private final int[] others;
    private int count;
    private int otherCount;
    private Step step;

    ChosenRows(Kernels kernels, int maxRows, int ropeDims) {
        this.kernels = kernels;
        ids = new RowBuffer(kernels, DType.I32, maxRows, 1);
        origins = new RowBuffer(kernels, DType.I32, maxRows, 1);
        positions = new RowBuffer(kernels, DType.I32, maxRows, 1);
        sequences = new RowBuffer(kernels, DType.I32, maxRows, 1);
        angles = new RowBuffer(kernels, DType.F32, maxRows, ropeDims);
        ints = new HostInts(maxRows, 1);
        chosen = new int[maxRows];
        others = new int[maxRows];
    }

    /// Chooses the rows of `step` whose score (host, [T,1]) is not below `threshold`.
    void choose(Step rows, Matrix scores, float threshold) {
        step = rows;
        count = 0;
        otherCount = 0;
        for (int row = 0; row < rows.rowCount(); row++) {
            if (scores.f32(row, 0) < threshold) {
                others[otherCount++] = row;
            } else {
                chosen[count++] = row;
            }
        }
    }

    int count() { return count; }

    int otherCount() { return otherCount; }

    /// out [count, D] = the chosen rows of x [T,D]
    void gatherChosen(Matrix x, Matrix out) {
        gather(x, chosen, count, out);
    }

    /// out [otherCount, D] = the other rows of x [T,D]
    void gatherOthers(Matrix x, Matrix out) {
        gather(x, others, otherCount, out);
    }

    private void gather(Matrix x, int[] rows, int rowCount, Matrix out) {
        for (int i = 0; i < rowCount; i++) {
            ints.set(i, rows[i]);
        }
        Matrix device = ids.rows(rowCount);
        ints.send(kernels, device);
        kernels.gatherRows(x, device, out);
    }

    /// out [T,D] = the rows of `joined` [T,D], chosen before others, in the order of the step
    void restore(Matrix joined, Matrix out) {
        for (int i = 0; i < count; i++) {
            ints.set(chosen[i], i);
        }
        for (int i = 0; i < otherCount; i++) {
            ints.set(others[i], count + i);
        }
        Matrix device = origins.rows(count + otherCount);
        ints.send(kernels, device);
        kernels.gatherRows(joined, device, out);
    }

    /// Where the chosen rows stand. Their slots are those of all rows: a choice attends only.
    RowMap map(int group) {
        for (int i = 0; i < count; i++) {
            ints.set(i, step.position(chosen[i]));
        }
        ints.send(kernels, positions.rows(count));
        for (int i = 0; i < count; i++) {
            ints.set(i, step.sequence(chosen[i]));
        }
        ints.send(kernels, sequences.rows(count));
        RowMap all = step.rowMap(group);
        return new RowMap(positions.rows(count), sequences.rows(count), all.slots(),
                all.pageTable());
    }

    /// Angles [count, dims] of the chosen rows.
    Matrix angles(int rope) {
        Matrix out = angles.rows(count);
        gatherChosen(step.angles(rope), out);
        return out;
    }
}
