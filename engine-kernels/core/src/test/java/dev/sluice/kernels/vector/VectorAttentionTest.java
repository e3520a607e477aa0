package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.reference.ReferenceBackend;
import dev.sluice.kernels.vector.AttentionScenario.Feed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: attention of the vector backend equals the oracle's up to the rounding of floats, for
/// every storage, page size, head shape and score rule. Method: the same scenario on both; pages
/// start as NaN, so a position that was not stored can not pass unseen.
class VectorAttentionTest {
    private static final Feed CHUNKS = new Feed(48, true, 1);

    private static void compare(AttentionScenario scenario) {
        float[] want;
        float[] got;
        try (var reference = new Kernels(new ReferenceBackend());
                var vector = new Kernels(new VectorBackend(new BackendOptions(0, 2, 1L << 30)))) {
            want = scenario.run(reference, CHUNKS);
            got = scenario.run(vector, CHUNKS);
        }
        int worst = 0;
        for (int i = 0; i < want.length; i++) {
            double error = Math.abs((double) want[i] - got[i]);
            if (!(error <= Math.abs((double) want[worst] - got[worst]))) {
                worst = i;
            }
        }
        double error = Math.abs((double) want[worst] - got[worst]);
        int width = worst / (scenario.heads() * scenario.valueDim());
        assertTrue(error <= scenario.tolerance(),
                "%s row %d element %d: want %s got %s, tolerance %s"
                        .formatted(scenario, width, worst,
                        want[worst], got[worst], scenario.tolerance()));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0"})
    void everyStorage(DType dtype) {
        compare(AttentionScenario.of(dtype, 2, 8, 64, 64, 300, 5, 257));
        compare(AttentionScenario.of(dtype, 1, 4, 96, 64, 70));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0"})
    void latentPages(DType dtype) {
        compare(AttentionScenario.of(dtype, 1, 6, 96, 64, 290, 3).withLatent());
        compare(AttentionScenario.of(dtype, 1, 40, 64, 64, 40).withLatent());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64, 128, 256})
    void everyPageSize(int pageSize) {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
            var plain = AttentionScenario.of(dtype, 2, 4, 32, 32, 290, 33).withPageSize(pageSize);
            compare(plain);
            compare(plain.with(20, 0, false));
            compare(AttentionScenario.of(dtype, 1, 4, 64, 32, 70).withPageSize(pageSize)
                    .withLatent());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 8, 16, 17, 33, 80, 128})
    void everyWidth(int dim) {
        compare(AttentionScenario.of(DType.F32, 2, 2, dim, dim, 40));
        compare(AttentionScenario.of(DType.F16, 1, 3, dim, 5, 40));
        compare(AttentionScenario.of(DType.BF16, 1, 7, 9, dim, 40));
    }

    @Test
    void windows() {
        for (int window : new int[] {1, 2, 31, 32, 33, 255, 256, 257, 1000}) {
            compare(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 600, 40).with(window, 0, false));
        }
    }

    @Test
    void softcapAndSinks() {
        compare(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 300).with(0, 2, false));
        compare(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 300).with(0, 50, false));
        compare(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 300).with(0, 0, true));
        compare(AttentionScenario.of(DType.F16, 2, 4, 32, 32, 300).with(40, 3, true));
    }
}
