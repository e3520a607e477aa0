package dev.sluice.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.GroupRule;
import dev.sluice.kernels.RouterSpec.Scoring;
import dev.sluice.kernels.RowMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: the judge itself is right. Method: small cases whose results were computed apart, in
/// numpy 2.4.6 from the papers' formulas; inputs are sin(1.7 i + k), k as named in each call.
class ReferenceBackendTest {
    private static final float EXACT = 2e-7f;

    private final Kernels kernels = Kernels.open("reference", BackendOptions.defaults());

    @AfterEach
    void close() {
        kernels.close();
    }

    private static float[] sines(double k, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(1.7 * i + k);
        }
        return values;
    }

    private static Matrix sines(double k, int rows, int cols) {
        return Matrix.host(sines(k, rows * cols), rows, cols);
    }

    private static Matrix row(float... values) {
        return Matrix.host(values, 1, values.length);
    }

    private static Matrix column(int... values) {
        return Matrix.host(values, values.length, 1);
    }

    private static void requireClose(Matrix got, float... want) {
        float[] values = new float[got.rows() * got.cols()];
        for (int i = 0; i < values.length; i++) {
            values[i] = got.f32(0, i);
        }
        for (int i = 0; i < want.length; i++) {
            assertEquals(want[i], values[i], EXACT * Math.max(1, Math.abs(want[i])),
                    "element " + i);
        }
        assertEquals(want.length, values.length);
    }

    @Test
    void rmsNorm() {
        Matrix out = Matrix.host(new float[8], 2, 4);
        kernels.rmsNorm(sines(1, 2, 4), sines(2, 1, 4), 0.01f, out);
        requireClose(out, 1.1192249f, -0.33122867f, 1.0756596f, -0.19424076f, 1.2505146f,
                0.054839432f, 1.0421364f, 0.32877773f);
    }

    @Test
    void gatedActivations() {
        Matrix gate = row(-3, -0.5f, 0.75f, 9);
        Matrix up = row(2, -8, 0.5f, 7.5f);
        Matrix out = row(0, 0, 0, 0);
        kernels.gatedActivation(Activation.SILU, gate, up, out);
        requireClose(out, -0.28455523f, 1.5101627f, 0.25469202f, 67.49167f);
        kernels.gatedActivation(Activation.GELU_TANH, gate, up, out);
        requireClose(out, -0.007274784f, 1.234288f, 0.28998029f, 67.5f);
        kernels.gatedActivation(Activation.SWIGLU_CLAMPED, gate, up, out);
        requireClose(out, -0.05421393f, 0.8976694f, 0.8795851f, 55.999626f);
    }

    @Test
    @DisplayName("attention over two pages out of order, plain and with window, cap and sinks")
    void attention() {
        KvPages pages = kernels.allocateKv(DType.F32, 4, 4, 1, 3, 3, false);
        // Positions 0..3 in page 2, position 4 in page 1.
        Matrix slots = column(8, 9, 10, 11, 4);
        kernels.storeKeys(sines(3, 5, 3), 0, pages, slots);
        kernels.storeValues(sines(4, 5, 3), pages, slots);
        var map = new RowMap(column(4), column(0), column(4), Matrix.host(new int[] {2, 1}, 1, 2));
        Matrix out = Matrix.host(new float[6], 1, 6);
        kernels.attention(new AttentionSpec(2, 0.6f, 0, 0, Matrix.none(2)), sines(5, 1, 6), pages,
                map, out);
        requireClose(out, -0.15396062f, 0.48560306f, 0.02882605f, -0.30173206f, 0.22750334f,
                0.24310696f);
        kernels.attention(new AttentionSpec(2, 0.6f, 1.5f, 3, row(0.3f, -0.2f)), sines(5, 1, 6),
                pages, map, out);
        requireClose(out, -0.044191536f, 0.55761772f, -0.09950041f, -0.13538355f, 0.57001096f,
                -0.011501995f);
    }

    @Test
    void rotaryEmbedding() {
        Matrix angles = row(0, 0, 0, 0);
        kernels.rotaryAngles(new RopeSpec(row(1, 0.1f), 1.5f, RopeSpec.Pairing.HALVES), column(7),
                angles);
        requireClose(angles, 1.1308534f, 1.1472633f, 0.98547989f, 0.96632653f);
        kernels.rotaryAngles(new RopeSpec(row(1, 0.1f), 1, RopeSpec.Pairing.HALVES), column(7),
                angles);
        Matrix x = row(9, 1, 2, 3, 4, 9);
        kernels.rope(x, 1, angles, RopeSpec.Pairing.INTERLEAVED);
        requireClose(x, 9, -0.56007093f, 2.1647911f, -0.28234413f, 4.992022f, 9);
        x = row(9, 1, 2, 3, 4, 9);
        kernels.rope(x, 1, angles, RopeSpec.Pairing.HALVES);
        requireClose(x, 9, -1.2170576f, -1.0471864f, 2.9186933f, 4.347804f, 9);
    }

    @Test
    @DisplayName("the routers of Qwen2, Qwen3, gpt-oss and DeepSeek V2 and V3")
    void routing() {
        Matrix logits = row(0.5f, 2, -1, 1.5f, 0, 1, 3, -2);
        Matrix none = Matrix.none(8);
        route(RouterSpec.of(8, 3, Scoring.SOFTMAX_ALL, false, 1), logits, none,
                new int[] {6, 1, 3}, 0.53099114f, 0.19534072f, 0.11848014f);
        route(RouterSpec.of(8, 3, Scoring.SOFTMAX_ALL, true, 1), logits, none,
                new int[] {6, 1, 3}, 0.6285317f, 0.2312239f, 0.14024438f);
        route(RouterSpec.of(8, 3, Scoring.SOFTMAX_KEPT, false, 1), logits, none,
                new int[] {6, 1, 3}, 0.6285317f, 0.2312239f, 0.14024438f);
        Matrix bias = row(0.1f, 0, 0.9f, 0.8f, 0, 0, -0.5f, 0.95f);
        route(new RouterSpec(8, 3, Scoring.SIGMOID, true, 2.5f, 4, 2, GroupRule.BEST_TWO), logits,
                bias, new int[] {3, 2, 1}, 1.0389482f, 0.34176237f, 1.1192895f);
        route(new RouterSpec(8, 3, Scoring.SIGMOID, true, 2.5f, 4, 2, GroupRule.BEST), logits,
                bias, new int[] {3, 2, 7}, 1.6952014f, 0.5576371f, 0.24716152f);
        route(RouterSpec.of(4, 2, Scoring.SIGMOID, false, 1), row(0, 1, 1, 1), Matrix.none(4),
                new int[] {1, 2}, 0.7310586f, 0.7310586f);
    }

    private void route(RouterSpec spec, Matrix logits, Matrix bias, int[] wantIds, float... want) {
        int[] ids = new int[wantIds.length];
        Matrix weights = Matrix.host(new float[want.length], 1, want.length);
        kernels.routeTopK(spec, logits, bias, Matrix.host(ids, 1, ids.length), weights);
        assertArrayEquals(wantIds, ids, spec.toString());
        requireClose(weights, want);
    }

    @Test
    @DisplayName("two experts by hand: 0.5 (2 silu(1) 3 + 1) + 2 (1 silu(2 * 1) 1)")
    void experts() {
        var experts = new ExpertWeights(List.of(row(1), row(2)), List.of(row(3), row(1)),
                List.of(row(2), row(1)), Matrix.host(new float[2], 2, 1),
                Matrix.host(new float[2], 2, 1), Matrix.host(new float[] {1, 0}, 2, 1),
                Activation.SILU);
        Matrix out = row(0);
        kernels.expertFfn(row(1), experts, Matrix.host(new int[] {0, 1}, 1, 2), row(0.5f, 2), out);
        double silu1 = 1 / (1 + Math.exp(-1));
        double silu2 = 2 / (1 + Math.exp(-2));
        requireClose(out, (float) (0.5 * (6 * silu1 + 1) + 2 * silu2));
    }

    @Test
    @DisplayName("Q8_0 pages keep 127 steps of the largest, and refuse rows without whole blocks")
    void quantisedPages() {
        KvPages pages = kernels.allocateKv(DType.Q8_0, 1, 1, 1, 32, 32, false);
        kernels.storeKeys(Matrix.host(new float[32], 1, 32), 0, pages, column(0));
        kernels.storeValues(sines(1, 1, 32), pages, column(0));
        Matrix out = Matrix.host(new float[32], 1, 32);
        kernels.attention(new AttentionSpec(1, 1, 0, 0, Matrix.none(1)), sines(2, 1, 32), pages,
                new RowMap(column(0), column(0), column(0), column(0)), out);
        float[] values = sines(1, 32);
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        float step = Float.float16ToFloat(Float.floatToFloat16(largest / 127));
        for (int i = 0; i < 32; i++) {
            assertEquals(step * Math.rint(values[i] / (largest / 127)), out.f32(0, i), 1e-7,
                    "element " + i);
        }
        var error = assertThrows(IllegalArgumentException.class,
                () -> kernels.allocateKv(DType.Q8_0, 1, 1, 1, 48, 32, false));
        assertTrue(error.getMessage().contains("keyDim of whole blocks of 32, got 48"),
                error.getMessage());
        assertThrows(IllegalArgumentException.class,
                () -> kernels.allocateKv(DType.Q4_0, 1, 1, 1, 32, 32, false));
        assertThrows(IllegalArgumentException.class,
                () -> kernels.storeKeys(Matrix.host(new float[16], 1, 16), 16, pages, column(0)));
    }

    @Test
    @DisplayName("the memory limit is kept and named")
    void memoryLimit() {
        try (Kernels small = Kernels.open("reference", new BackendOptions(0, 1, 1000))) {
            small.allocate(DType.F32, 10, 20);
            var error = assertThrows(IllegalStateException.class,
                    () -> small.allocate(DType.F32, 10, 6));
            assertTrue(error.getMessage().contains("240 bytes more would pass the limit of 1000"),
                    error.getMessage());
        }
    }
}
