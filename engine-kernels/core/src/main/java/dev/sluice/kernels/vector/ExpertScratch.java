package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// What an expert layer computes between its products, one row a (token, slot) pair in expert
/// order: gate and up [pairs,F], down [pairs,D]. Kept and grown from call to call.
final class ExpertScratch {
    private float[] gate = {};
    private float[] up = {};
    private float[] down = {};
    MemorySegment gateMemory = MemorySegment.NULL;
    MemorySegment upMemory = MemorySegment.NULL;
    MemorySegment downMemory = MemorySegment.NULL;

    void reserve(int pairs, int hidden, int cols) {
        if (gate.length < pairs * hidden) {
            gate = new float[pairs * hidden];
            up = new float[pairs * hidden];
            gateMemory = MemorySegment.ofArray(gate);
            upMemory = MemorySegment.ofArray(up);
        }
        if (down.length < pairs * cols) {
            down = new float[pairs * cols];
            downMemory = MemorySegment.ofArray(down);
        }
    }

    /// Row `position` of gate = activation(gate + bias, up + bias). `scratch` holds a bias.
    void activate(ExpertWeights weights, int expert, int position, float[] scratch) {
        int hidden = weights.hidden();
        int from = position * hidden;
        if (weights.biased()) {
            addBias(weights.gateBias(), expert, gate, from, scratch);
            addBias(weights.upBias(), expert, up, from, scratch);
        }
        VectorMath.gate(weights.activation(), gate, from, up, from, hidden);
    }

    private static void addBias(Matrix bias, int expert, float[] to, int from, float[] scratch) {
        int cols = bias.cols();
        copyRow(bias, expert, scratch);
        for (int i = 0; i < cols; i++) {
            to[from + i] += scratch[i];
        }
    }

    private static void copyRow(Matrix m, int row, float[] to) {
        MemorySegment.copy(m.memory(), JAVA_FLOAT_UNALIGNED,
                m.byteOffset() + 4L * row * m.cols(), to, 0, m.cols());
    }

    /// out row `token` = sum over slots, ascending, of weight * (down + bias); `sum` and `scratch`
    /// hold a row each.
    void combine(ExpertWeights weights, ExpertOrder order, Matrix expertWeights, int token,
            Matrix out, float[][] scratch) {
        int cols = out.cols();
        float[] sum = scratch[0];
        float[] bias = scratch[1];
        Arrays.fill(sum, 0, cols, 0f);
        for (int k = 0; k < order.slots; k++) {
            int pair = token * order.slots + k;
            float weight = expertWeights.f32(token, k);
            int from = order.positions[pair] * cols;
            if (weights.biased()) {
                copyRow(weights.downBias(), order.experts[pair], bias);
                for (int i = 0; i < cols; i++) {
                    sum[i] = Math.fma(weight, down[from + i] + bias[i], sum[i]);
                }
            } else {
                for (int i = 0; i < cols; i++) {
                    sum[i] = Math.fma(weight, down[from + i], sum[i]);
                }
            }
        }
        MemorySegment.copy(sum, 0, out.memory(), JAVA_FLOAT_UNALIGNED,
                out.byteOffset() + 4L * token * cols, cols);
    }
}
