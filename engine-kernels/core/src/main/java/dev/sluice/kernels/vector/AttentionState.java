package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Partial softmax states (m, l, o) of queries, in slots of one split and one group each. Grows
/// to the largest use; slots may be filled by different threads at once.
///
///     o [slots, queries, stride], m and l [slots, queries]
///
/// l = 0 marks a query that saw nothing: any other has a weight of e^0 in it.
final class AttentionState {
    private float[] outputs = new float[0];
    private float[] maxima = new float[0];
    private float[] sums = new float[0];
    private int queries;
    private int stride;

    /// Room for `slots` groups of up to `newQueries` queries with outputs of `valueDim` elements.
    void reserve(int slots, int newQueries, int valueDim) {
        queries = newQueries;
        stride = AttentionWorker.stride(valueDim);
        int states = Math.multiplyExact(slots, queries);
        if (maxima.length < states) {
            maxima = new float[states];
            sums = new float[states];
        }
        if (outputs.length < Math.multiplyExact(states, stride)) {
            outputs = new float[states * stride];
        }
    }

    int stride() { return stride; }

    float[] outputs() { return outputs; }

    int outputAt(int slot, int query) { return (slot * queries + query) * stride; }

    /// Makes a query's state that of the empty set.
    void clear(int slot, int query) {
        int at = outputAt(slot, query);
        Arrays.fill(outputs, at, at + stride, 0);
        weights(slot, query, Float.NEGATIVE_INFINITY, 0);
    }

    /// Makes the states of the first `count` queries those of the empty set.
    void clear(int slot, int query, int count) {
        for (int i = query; i < query + count; i++) {
            clear(slot, i);
        }
    }

    void weights(int slot, int query, float max, float sum) {
        maxima[slot * queries + query] = max;
        sums[slot * queries + query] = sum;
    }

    /// Merges the states of the next split into those of `slot`.
    void merge(int slot, AttentionState next, int nextSlot, int count) {
        for (int query = 0; query < count; query++) {
            int b = nextSlot * next.queries + query;
            if (next.sums[b] == 0) {
                continue;
            }
            int a = slot * queries + query;
            if (sums[a] == 0) {
                maxima[a] = next.maxima[b];
                sums[a] = next.sums[b];
                System.arraycopy(next.outputs, b * stride, outputs, a * stride, stride);
                continue;
            }
            float max = Math.max(maxima[a], next.maxima[b]);
            float factorA = VectorMath.exp(maxima[a] - max);
            float factorB = VectorMath.exp(next.maxima[b] - max);
            sums[a] = sums[a] * factorA + next.sums[b] * factorB;
            maxima[a] = max;
            AttentionKernels.blend(outputs, a * stride, factorA, next.outputs, b * stride, factorB,
                    stride);
        }
    }

    /// Divides by the sums, the sinks included, and writes the group's columns of
    /// out [T, heads*valueDim].
    void finish(int slot, AttentionSpec spec, AttentionWorker group, Matrix out) {
        int valueDim = out.cols() / spec.heads();
        for (int r = 0; r < group.rowCount(); r++) {
            for (int h = 0; h < group.headCount(); h++) {
                int query = r * group.headCount() + h;
                int a = slot * queries + query;
                float factor = 1 / sums[a];
                if (spec.sinks().rows() != 0) {
                    float sink = spec.sinks().f32(0, group.head() + h);
                    float max = Math.max(maxima[a], sink);
                    float own = VectorMath.exp(maxima[a] - max);
                    factor = own / (sums[a] * own + VectorMath.exp(sink - max));
                }
                AttentionKernels.blend(outputs, a * stride, factor, outputs, a * stride, 0, stride);
                long at = out.byteOffset() + 4 * ((long) group.row(r) * out.cols()
                        + (group.head() + h) * valueDim);
                MemorySegment.copy(outputs, a * stride, out.memory(), JAVA_FLOAT_UNALIGNED, at,
                        valueDim);
            }
        }
    }
}
