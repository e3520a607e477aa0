package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.sluice.kernels.Matrix;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: log-probabilities are the log-softmax of the raw logits, best first, ties by id.
class LogprobsTest {
    @Test
    void agreesWithTheFormulaInDoubles() {
        var random = new Random(1);
        int vocab = 1000;
        float[] logits = new float[vocab];
        for (int i = 0; i < vocab; i++) {
            logits[i] = (float) (10 * random.nextGaussian());
        }
        var sorted = NaiveSampler.topK(NaiveSampler.tokens(logits), 20);
        double[] p = NaiveSampler.softmax(NaiveSampler.tokens(logits));
        var entries = new Logprobs(vocab).of(Matrix.host(logits, 1, vocab), 0, 17, 20, 0);
        assertEquals(21, entries.size());
        assertEquals(17, entries.getFirst().tokenId());
        for (int i = 1; i <= 20; i++) {
            assertEquals(sorted.get(i - 1).id(), entries.get(i).tokenId());
        }
        for (Logprob entry : entries) {
            // The difference of two floats below 64: half an ulp of each.
            assertEquals(Math.log(p[entry.tokenId()]), entry.value(), Math.ulp(64f));
        }
    }

    @Test
    void tiesGoByIdAndForbiddenHasItsNumber() {
        float[] logits = {3, Float.NEGATIVE_INFINITY, 5, 5, 3};
        var entries = new Logprobs(5).of(Matrix.host(logits, 1, 5), 0, 1, 5, 0);
        assertEquals(List.of(1, 2, 3, 0, 4, 1),
                entries.stream().map(Logprob::tokenId).toList());
        assertEquals(-9999f, entries.getFirst().value());
    }
}
