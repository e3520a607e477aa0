package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Activation;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: an expert layer gives the bits of its definition (scalar products, the shared activation,
/// sum over slots in order), whatever the batch. Method: compare a batch, and each of its rows
/// alone, with plain loops.
class ExpertProductsTest {
    private static final int EXPERTS = 5;
    private static final int SLOTS = 3;
    private static final int D = 288;
    private static final int F = 96;

    private final Random random = new Random(11);
    private final Map<Matrix, ScalarProducts> definitions = new IdentityHashMap<>();

    @ParameterizedTest
    @EnumSource(Activation.class)
    void bitsOfTheDefinition(Activation activation) {
        boolean biased = activation == Activation.SWIGLU_CLAMPED;
        DType upType = activation == Activation.GELU_TANH ? DType.Q8_0 : DType.Q4_0;
        List<Matrix> gate = weights(DType.Q4_0, F, D);
        List<Matrix> up = weights(upType, F, D);
        List<Matrix> down = weights(DType.MXFP4, D, F);
        var files = new ExpertWeights(gate, up, down, bias(biased, F), bias(biased, F),
                bias(biased, D), activation);
        int tokens = 23;
        float[] x = RandomWeights.activations(tokens, D, random);
        int[] ids = new int[tokens * SLOTS];
        float[] weights = new float[tokens * SLOTS];
        for (int i = 0; i < ids.length; i++) {
            // Expert 4 is never used; a token may name an expert twice.
            ids[i] = random.nextInt(EXPERTS - 1);
            weights[i] = random.nextFloat();
        }
        float[][] want = new float[tokens][];
        for (int t = 0; t < tokens; t++) {
            want[t] = expected(files, Arrays.copyOfRange(x, t * D, t * D + D),
                    Arrays.copyOfRange(ids, t * SLOTS, t * SLOTS + SLOTS),
                    Arrays.copyOfRange(weights, t * SLOTS, t * SLOTS + SLOTS));
        }
        for (int threads = 1; threads <= 3; threads++) {
            try (var pool = new ComputePool(threads); var memory = new HostMemory(1L << 30)) {
                var products = new VectorProducts(pool, memory);
                var layer = new VectorExperts(pool);
                var packed = new ExpertWeights(prepare(products, gate), prepare(products, up),
                        prepare(products, down), files.gateBias(), files.upBias(),
                        files.downBias(), activation);
                check(layer, packed, x, ids, weights, want, 0, tokens);
                for (int t = 0; t < tokens; t++) {
                    check(layer, packed, x, ids, weights, want, t, 1);
                }
            }
        }
    }

    private static List<Matrix> prepare(VectorProducts products, List<Matrix> weights) {
        return weights.stream().map(products::prepare).toList();
    }

    private static void check(VectorExperts layer, ExpertWeights experts, float[] x, int[] ids,
            float[] weights, float[][] want, int first, int count) {
        float[] out = new float[count * D];
        layer.expertFfn(
                Matrix.host(Arrays.copyOfRange(x, first * D, (first + count) * D), count, D),
                experts,
                Matrix.host(Arrays.copyOfRange(ids, first * SLOTS, (first + count) * SLOTS),
                        count, SLOTS),
                Matrix.host(Arrays.copyOfRange(weights, first * SLOTS, (first + count) * SLOTS),
                        count, SLOTS),
                Matrix.host(out, count, D));
        for (int t = 0; t < count; t++) {
            for (int i = 0; i < D; i++) {
                assertEquals(want[first + t][i], out[t * D + i],
                        "token " + (first + t) + " column " + i + " in a batch of " + count);
            }
        }
    }

    private ScalarProducts definition(Matrix weight) {
        return definitions.computeIfAbsent(weight, ScalarProducts::new);
    }

    private float[] expected(ExpertWeights w, float[] x, int[] ids, float[] weights) {
        float[] out = new float[D];
        for (int k = 0; k < SLOTS; k++) {
            int e = ids[k];
            float[] h = new float[F];
            for (int f = 0; f < F; f++) {
                float g = definition(w.gate().get(e)).product(x, f);
                float u = definition(w.up().get(e)).product(x, f);
                h[f] = w.biased()
                        ? VectorMath.gate(w.activation(), g + w.gateBias().f32(e, f),
                                u + w.upBias().f32(e, f))
                        : VectorMath.gate(w.activation(), g, u);
            }
            for (int i = 0; i < D; i++) {
                float y = definition(w.down().get(e)).product(h, i);
                out[i] = Math.fma(weights[k], w.biased() ? y + w.downBias().f32(e, i) : y, out[i]);
            }
        }
        return out;
    }

    private List<Matrix> weights(DType dtype, int rows, int cols) {
        List<Matrix> list = new ArrayList<>();
        for (int e = 0; e < EXPERTS; e++) {
            list.add(RandomWeights.of(dtype, rows, cols, random));
        }
        return list;
    }

    private Matrix bias(boolean biased, int cols) {
        return biased ? Matrix.host(RandomWeights.activations(EXPERTS, cols, random), EXPERTS, cols)
                : Matrix.none(cols);
    }

    /// Error of exp against doubles, and equal bits in vectors and scalar tails.
    @Test
    void expIsAccurateAndTheSameInVectorsAndTails() {
        double worst = 0;
        for (float x = -87.2f; x < 88.7f; x += 0.00173f) {
            double want = Math.exp(x);
            worst = Math.max(worst, Math.abs(VectorMath.exp(x) - want) / want);
        }
        assertTrue(worst <= 2e-7, "relative error " + worst);
        assertEquals(0f, VectorMath.exp(-88f));
        assertEquals(Float.POSITIVE_INFINITY, VectorMath.exp(88.8f));
        assertTrue(Float.isNaN(VectorMath.exp(Float.NaN)));
        float[] edges = {-Float.MAX_VALUE, -100, -87.4f, -87.3f, -0f, 0, 1e-30f, 88.7f, 88.73f,
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 7, 3};
        for (Activation activation : Activation.values()) {
            float[] gate = new float[197];
            float[] up = new float[197];
            for (int i = 0; i < gate.length; i++) {
                gate[i] = i < edges.length ? edges[i] : (float) random.nextGaussian() * 10;
                up[i] = (float) random.nextGaussian() * 10;
            }
            float[] got = gate.clone();
            VectorMath.gate(activation, got, 0, up, 0, got.length);
            for (int i = 0; i < gate.length; i++) {
                assertEquals(VectorMath.gate(activation, gate[i], up[i]), got[i],
                        activation + " of " + gate[i]);
            }
        }
    }
}
