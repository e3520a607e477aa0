package dev.sluice.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import org.junit.jupiter.api.Test;

/// Goal: the bar of T3 (arXiv 2401.16677) in its software form, at least 20 percent fewer bytes
/// per expert layer. Method: the model of [ExpertBytes] at the sizes of real models, activations
/// alone at any batch, and together with Q4_0 weights in a prefill of 512 rows.
class ExpertBytesTest {
    private static final int[][] MODELS = {
        // K, D, F, E: qwen3-moe-1b, Qwen3-30B-A3B, DeepSeek-V2-Lite, Mixtral 8x7B, gpt-oss-20b
        {4, 1024, 512, 32}, {8, 2048, 768, 128}, {6, 2048, 1408, 64}, {2, 4096, 14336, 8},
        {4, 2880, 2880, 32}};

    @Test
    void activationsAtAnyBatch() {
        for (int[] m : MODELS) {
            for (int rows : new int[] {1, 8, 32, 512}) {
                var bytes = new ExpertBytes(rows, m[0], m[1], m[2]);
                assertTrue(bytes.fused() <= 0.8 * bytes.unfused(),
                        bytes + ": " + bytes.fused() + " of " + bytes.unfused());
                assertTrue(bytes.fused() >= bytes.inAndOut(), bytes.toString());
            }
        }
    }

    @Test
    void everythingInAPrefill() {
        for (int[] m : MODELS) {
            var bytes = new ExpertBytes(512, m[0], m[1], m[2]);
            double distinct = m[3] * (1 - Math.pow(1 - (double) m[0] / m[3], 512));
            double weights = distinct * ExpertBytes.ofExpert(DType.Q4_0, m[1], m[2]);
            double saved = 1 - (weights + bytes.fused()) / (weights + bytes.unfused());
            assertTrue(saved >= 0.2, "%s: %.2f fewer bytes".formatted(bytes, saved));
        }
    }

    @Test
    void oneRowByHand() {
        // One token, one expert, D = 2, F = 1: gather 4, gate and up 6, activation 3, stage 2,
        // down 3, sum 4 floats; fused 4 + 3 + 2 + 3.
        var bytes = new ExpertBytes(1, 1, 2, 1);
        assertEquals(4 * 22, bytes.unfused());
        assertEquals(4 * 12, bytes.fused());
        assertEquals(2 * 64 * 18 + 32 * 36, ExpertBytes.ofExpert(DType.Q4_0, 32, 64));
    }
}
