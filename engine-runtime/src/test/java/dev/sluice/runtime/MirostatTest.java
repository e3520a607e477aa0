package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Matrix;
import dev.sluice.runtime.SamplingParams.Mirostat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: Mirostat keeps the sets of its equations and learns from what was drawn. Method: the
/// equations in doubles over sorted lists, then a long run whose mean surprise must be near tau.
class MirostatTest {
    private static float[] logits(Random random, int vocab) {
        float[] logits = new float[vocab];
        for (int i = 0; i < vocab; i++) {
            logits[i] = (float) (4 * random.nextGaussian());
        }
        return logits;
    }

    private static Candidates candidates(float[] logits) {
        var candidates = new Candidates(logits.length);
        candidates.load(Matrix.host(logits, 1, logits.length), 0, 0);
        return candidates;
    }

    @Test
    void versionTwoKeepsWhatSurprisesLess() {
        for (int seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            float[] logits = logits(random, 50);
            float tau = 0.05f + 3 * random.nextFloat();
            var candidates = candidates(logits);
            new dev.sluice.runtime.Mirostat(new Mirostat(2, tau, 0.1f)).truncate(candidates, 50);
            double[] p = NaiveSampler.softmax(NaiveSampler.tokens(logits));
            int want = 0;
            for (double x : p) {
                want += -Math.log(x) / Math.log(2) <= 2.0 * tau ? 1 : 0;
            }
            assertEquals(Math.max(1, want), candidates.count(), "seed " + seed);
        }
    }

    @Test
    void versionOneKeepsZipfsRank() {
        for (int seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            float[] logits = logits(random, 400);
            var sorted = NaiveSampler.topK(NaiveSampler.tokens(logits), 400);
            double[] p = NaiveSampler.softmax(sorted);
            double tb = 0;
            double tt = 0;
            for (int i = 0; i < 99; i++) {
                double t = Math.log((i + 2.0) / (i + 1));
                tb += t * Math.log(p[i] / p[i + 1]);
                tt += t * t;
            }
            double s = tb / tt;
            double mu = 2 * 3.0;
            double k = Math.pow((s - 1) * Math.pow(2, mu) / (1 - Math.pow(400, 1 - s)), 1 / s);
            var candidates = candidates(logits);
            new dev.sluice.runtime.Mirostat(new Mirostat(1, 3, 0.1f)).truncate(candidates, 400);
            assertEquals(Math.clamp((int) k, 1, 400), candidates.count(), "seed " + seed);
        }
    }

    @Test
    void theSurpriseApproachesTau() {
        for (int version = 1; version <= 2; version++) {
            var random = new Random(5);
            var params = SamplingParams.defaults().withSeed(3)
                    .withMirostat(new Mirostat(version, 3, 0.1f));
            var state = new SamplingState(
                    params, 0, new TokenHistory(new int[] {1}), DryBreakers.NONE);
            var sampler = new Sampler(1000);
            double first = state.mirostat().mu();
            double mean = 0;
            int steps = 2000;
            for (int i = 0; i < steps; i++) {
                float[] logits = logits(random, 1000);
                state.history().add(sampler.sample(Matrix.host(logits, 1, 1000), 0, state));
            }
            // mu sums eta * (surprise - tau) of all steps, so its drift gives the mean surprise.
            mean = 3 + (first - state.mirostat().mu()) / (0.1f * steps);
            assertTrue(Math.abs(mean - 3) < 0.1, "version " + version + " mean " + mean);
        }
    }

    @Test
    void aSingleTokenIsNoTrouble() {
        for (int version = 1; version <= 2; version++) {
            float[] logits = {2, Float.NEGATIVE_INFINITY};
            var params = SamplingParams.defaults().withMirostat(new Mirostat(version, 3, 0.1f));
            var state = new SamplingState(
                    params, 0, new TokenHistory(new int[] {1}), DryBreakers.NONE);
            assertEquals(0, new Sampler(2).sample(Matrix.host(logits, 1, 2), 0, state));
            assertEquals(6.3, state.mirostat().mu(), 1e-6);
        }
    }
}
