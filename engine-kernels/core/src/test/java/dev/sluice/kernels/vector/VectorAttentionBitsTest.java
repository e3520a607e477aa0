package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.vector.AttentionScenario.Feed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: batch invariance. A row's bits do not depend on how its prompt was cut, on other
/// sequences in the step, on the pages it got, or on the number of threads. Method: the same
/// scenario fed in many ways must give equal floats.
class VectorAttentionBitsTest {
    private static float[] run(AttentionScenario scenario, int threads, Feed feed) {
        try (var kernels = new Kernels(
                new VectorBackend(new BackendOptions(0, threads, Long.MAX_VALUE)))) {
            return scenario.run(kernels, feed);
        }
    }

    private static void sameBits(AttentionScenario scenario) {
        float[] want = run(scenario, 1, new Feed(1, false, 0));
        int pageSeed = 1;
        for (int threads = 1; threads <= 3; threads++) {
            for (int chunk : new int[] {1, 3, 64, 255, 1000}) {
                assertArrayEquals(want, run(scenario, threads, new Feed(chunk, true, pageSeed++)),
                        0f, "%s in chunks of %d on %d threads".formatted(scenario, chunk, threads));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0"})
    void everyStorage(DType dtype) {
        sameBits(AttentionScenario.of(dtype, 2, 8, 32, 32, 530, 70, 256));
    }

    @Test
    void headsThatDoNotFillBlocks() {
        sameBits(AttentionScenario.of(DType.F16, 1, 7, 40, 24, 300, 9));
        sameBits(AttentionScenario.of(DType.F16, 2, 2, 40, 24, 300, 9));
    }

    @Test
    void windowSoftcapAndSinks() {
        sameBits(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 600, 70).with(100, 0, false));
        sameBits(AttentionScenario.of(DType.F32, 2, 4, 32, 32, 300, 70).with(0, 5, true));
    }

    @Test
    void latentPages() {
        sameBits(AttentionScenario.of(DType.F16, 1, 16, 96, 64, 520, 7).withLatent());
    }

    /// Long enough for one sequence's splits to be spread over threads and merged in waves.
    @Test
    void splitsOverThreads() {
        AttentionScenario scenario = AttentionScenario.of(DType.F16, 1, 4, 128, 128, 9000);
        float[] want = run(scenario, 1, new Feed(500, true, 0));
        assertArrayEquals(want, run(scenario, 3, new Feed(250, true, 1)), 0f, "prefill");
        assertArrayEquals(want, run(scenario, 2, new Feed(5, true, 1)), 0f, "few rows");
    }
}
