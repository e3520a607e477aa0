package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: every encoding's product has exactly the bits of the definition in [ScalarProducts],
/// for any number of rows, threads and outputs, packed or not, and the definition is as close to
/// the product of the decoded weights as quantised activations allow.
class VectorProductsTest {
    private static final int[] ROWS = {1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 35, 70};

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "I32")
    void bitsOfTheDefinition(DType dtype) {
        for (int n : new int[] {1, 31, 32, 33, 100}) {
            check(dtype, n, dtype.blockElements() == 1 ? 100 : dtype.blockElements(), 1, n);
            check(dtype, n, 768, n == 100 ? 3 : 2, 2L * n);
        }
    }

    private static void check(DType dtype, int n, int k, int threads, long seed) {
        var random = new Random(seed);
        Matrix weight = RandomWeights.of(dtype, n, k, random);
        var definition = new ScalarProducts(weight);
        int rowsMax = ROWS[ROWS.length - 1];
        float[] x = RandomWeights.activations(rowsMax, k, random);
        float[][] want = new float[rowsMax][n];
        for (int t = 0; t < rowsMax; t++) {
            float[] row = Arrays.copyOfRange(x, t * k, t * k + k);
            for (int i = 0; i < n; i++) {
                want[t][i] = definition.product(row, i);
                double[] exact = definition.exactAndBound(row, i);
                assertTrue(Math.abs(want[t][i] - exact[0]) <= exact[1],
                        "%s [%d,%d]: want %g within %g, got %g".formatted(
                                dtype, t, i, exact[0], exact[1], want[t][i]));
            }
        }
        try (var pool = new ComputePool(threads); var memory = new HostMemory(1L << 40)) {
            var products = new VectorProducts(pool, memory);
            Matrix packed = products.prepare(weight);
            assertEquals(Layout.PACKED, packed.layout());
            for (int rows : ROWS) {
                for (Matrix w : List.of(packed, weight)) {
                    float[] out = new float[rows * n + 2];
                    Arrays.fill(out, Float.NaN);
                    products.matmul(Matrix.host(Arrays.copyOf(x, rows * k), rows, k), w,
                            Matrix.of(DType.F32, rows, n, MemorySegment.ofArray(out), 4));
                    same(want, out, rows, n, dtype + " K=" + k + " " + w.layout());
                }
            }
        }
    }

    private static void same(float[][] want, float[] out, int rows, int n, String what) {
        assertTrue(Float.isNaN(out[0]) && Float.isNaN(out[out.length - 1]), "guards of " + what);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < n; i++) {
                float got = out[1 + t * n + i];
                assertEquals(Float.floatToRawIntBits(want[t][i]), Float.floatToRawIntBits(got),
                        "%s: [%d,%d] of [%d,%d], want %s got %s"
                                .formatted(what, t, i, rows, n, want[t][i], got));
            }
        }
    }

    /// Every head has its own weight and its own rows; columns beside stay as they are.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "BF16", "Q8_0", "Q4_K"})
    void headsUseTheirOwnWeights(DType dtype) {
        var random = new Random(5);
        int heads = 3;
        int n = 40;
        int k = 256;
        try (var pool = new ComputePool(2); var memory = new HostMemory(1L << 40)) {
            var products = new VectorProducts(pool, memory);
            List<Matrix> files = new ArrayList<>();
            List<Matrix> weights = new ArrayList<>();
            for (int h = 0; h < heads; h++) {
                files.add(RandomWeights.of(dtype, n, k, random));
                weights.add(products.prepare(files.get(h)));
            }
            for (int rows : new int[] {1, 2, 9}) {
                float[] x = RandomWeights.activations(rows * heads, k + 7, random);
                float[] out = new float[rows * heads * (n + 4)];
                Arrays.fill(out, -1f);
                products.headMatmul(Matrix.host(x, rows * heads, k + 7), 5, weights,
                        Matrix.host(out, rows * heads, n + 4), 3);
                for (int r = 0; r < rows * heads; r++) {
                    var definition = new ScalarProducts(files.get(r % heads));
                    float[] row = Arrays.copyOfRange(x, r * (k + 7) + 5, r * (k + 7) + 5 + k);
                    for (int i = 0; i < n + 4; i++) {
                        float want = i < 3 || i == n + 3 ? -1f
                                : definition.product(row, i - 3);
                        assertEquals(want, out[r * (n + 4) + i], "row " + r + " column " + i);
                    }
                }
            }
        }
    }

    /// A decode step allocates nothing once its scratch has grown: bytes of the calling thread,
    /// and no helper thread runs when there is one thread. [RepeatedCall] says why every encoding
    /// has a process of its own.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "Q8_0", "Q4_K", "Q6_K", "MXFP4"})
    void aRepeatedCallAllocatesNothing(DType dtype) throws Exception {
        assertEquals(0, RepeatedCall.bytesAllocated(dtype), "bytes of a call");
    }

    @Test
    void whatCanNotBePackedIsRefused() {
        try (var pool = new ComputePool(1); var memory = new HostMemory(10_000)) {
            var products = new VectorProducts(pool, memory);
            var tooLarge = assertThrows(IllegalStateException.class, () -> products.prepare(
                    Matrix.host(new float[64 * 64], 64, 64)));
            assertEquals("a F32 weight [64,64] needs 16,384 bytes, but of the limit of 10,000 "
                    + "bytes only 10,000 are left", tooLarge.getMessage());
            Matrix weight = RandomWeights.of(DType.Q8_0, 3, 32, new Random(1));
            weight.memory().set(ValueLayout.JAVA_SHORT_UNALIGNED, 3 + 34, (short) 0x7C00);
            assertThrows(IllegalArgumentException.class, () -> products.prepare(weight));
        }
    }
}
