package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.sluice.kernels.Matrix;
import dev.sluice.runtime.SamplingParams.Dry;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: drawing a token allocates no arrays. Method: the bytes that this thread allocates.
class SamplerAllocationTest {
    @Test
    void noArraysPerToken() {
        int vocab = 32_000;
        float[] logits = new float[vocab];
        var random = new Random(1);
        for (int i = 0; i < vocab; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        var params = SamplingParams.defaults().withTemperature(0.8f).withTopK(200).withTopP(0.9f)
                .withTypicalP(0.95f).withMinP(0.01f)
                .withPenalties(new Penalties(1.1f, 0.1f, 0.1f, Scope.OUTPUT, 64))
                .withDry(new Dry(0.8f, 1.75f, 2, 0, List.of()));
        var state = new SamplingState(
                params, 0, new TokenHistory(random.ints(2000, 0, 50).toArray()), DryBreakers.NONE);
        var sampler = new Sampler(vocab);
        var matrix = Matrix.host(logits, 1, vocab);
        for (int i = 0; i < 200; i++) {
            state.history().add(sampler.sample(matrix, 0, state));
        }
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int draws = 200;
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < draws; i++) {
            sampler.sample(matrix, 0, state);
        }
        long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / draws;
        assertTrue(bytes <= 512, bytes + " bytes per token");
    }
}
