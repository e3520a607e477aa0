package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Matrix;
import dev.sluice.runtime.SamplingParams.Dry;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: the penalties change the logits that their formulas name, and no others. Method: random
/// histories of few tokens against the formulas written out over whole histories.
class PenaltiesTest {
    private static final int VOCAB = 300;

    private static TokenHistory history(Random random, int prompt, int output, int tokens) {
        int[] ids = random.ints(prompt, 0, tokens).toArray();
        var history = new TokenHistory(ids);
        for (int i = 0; i < output; i++) {
            history.add(random.nextInt(tokens));
        }
        return history;
    }

    private static float[] logits(Random random) {
        float[] logits = new float[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        return logits;
    }

    private static Candidates candidates(float[] logits) {
        var candidates = new Candidates(VOCAB);
        candidates.load(Matrix.host(logits, 1, VOCAB), 0, 0);
        return candidates;
    }

    @Test
    void repeatPenaltiesFollowTheirFormula() {
        var penalizer = new RepeatPenalties(VOCAB);
        for (int seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            var history = history(random, random.nextInt(9) + 1, random.nextInt(20), 12);
            var penalties = new Penalties(1 + random.nextFloat(), random.nextFloat(),
                    random.nextFloat() - 0.5f, Scope.values()[seed % 2], random.nextInt(3) * 5);
            float[] logits = logits(random);
            var candidates = candidates(logits);
            penalizer.apply(penalties, history, candidates);
            int[] scope = Arrays.copyOfRange(all(history),
                    penalties.scope() == Scope.OUTPUT ? history.promptLength() : 0, history.size());
            int from = penalties.lastN() == 0 ? 0 : Math.max(0, scope.length - penalties.lastN());
            for (int id = 0; id < VOCAB; id++) {
                int token = id;
                long count = Arrays.stream(scope, from, scope.length)
                        .filter(t -> t == token).count();
                double z = logits[id];
                if (count > 0) {
                    z = z > 0 ? z / penalties.repetition() : z * penalties.repetition();
                    z -= count * penalties.frequency() + penalties.presence();
                }
                // Three roundings of values below 64.
                assertEquals(z, candidates.logit(id), 3 * Math.ulp(32f), "seed " + seed);
            }
        }
    }

    private static int[] all(TokenHistory history) {
        int[] ids = new int[history.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = history.get(i);
        }
        return ids;
    }

    /// For each earlier position, how far the text before it equals the text's end; breakers are
    /// the bytes 0 (alone) and the pair 1 2 of the byte tokenizer.
    private static int[] naiveDry(int[] ids, Dry dry) {
        int[] longest = new int[VOCAB];
        int n = dry.lastN() == 0 ? ids.length : Math.min(dry.lastN(), ids.length);
        int start = ids.length - n;
        int most = n;
        for (int i = ids.length - 1; i >= start && most == n; i--) {
            if (ids[i] == 0) {
                most = Math.min(n, ids.length - 1 - i);
                break;
            }
            if (ids[i] == 1 && i + 1 < ids.length && ids[i + 1] == 2) {
                most = Math.min(n, ids.length - 2 - i);
                break;
            }
        }
        for (int i = start + 1; i < ids.length; i++) {
            int length = 0;
            while (i - 1 - length >= start && ids[i - 1 - length] == ids[ids.length - 1 - length]) {
                length++;
            }
            length = Math.min(length, most);
            if (length >= dry.allowedLength()) {
                longest[ids[i]] = Math.max(longest[ids[i]], length);
            }
        }
        return longest;
    }

    @Test
    void dryFollowsItsFormula() {
        var breakers = DryBreakers.of(List.of("\0", "\1\2"), new ByteTokenizer());
        var penalty = new DryPenalty(VOCAB);
        int penalized = 0;
        for (int seed = 0; seed < 3000; seed++) {
            var random = new Random(seed);
            var history = history(random, 1 + random.nextInt(20), random.nextInt(20),
                    2 + random.nextInt(8));
            var dry = new Dry(0.8f, 1.75f, 1 + random.nextInt(3), random.nextInt(2) * 15,
                    List.of("\0", "\1\2"));
            float[] logits = logits(random);
            var candidates = candidates(logits);
            penalty.apply(dry, breakers, history, candidates);
            int[] longest = naiveDry(all(history), dry);
            for (int id = 0; id < VOCAB; id++) {
                double want = logits[id];
                if (longest[id] > 0 && id != 0) {
                    want -= 0.8f * Math.pow(1.75f, longest[id] - dry.allowedLength());
                    penalized++;
                }
                assertEquals(want, candidates.logit(id), Math.abs(want) * 1e-6 + 1e-6,
                        "seed " + seed + " token " + id + " of " + Arrays.toString(all(history)));
            }
        }
        assertTrue(penalized > 1000, "penalized " + penalized);
    }

    @Test
    void dryIsBounded() {
        var history = new TokenHistory(new int[4000]);
        var candidates = candidates(new float[VOCAB]);
        new DryPenalty(VOCAB).apply(
                new Dry(1, 1.75f, 2, 0, List.of()), DryBreakers.NONE, history, candidates);
        float z = candidates.logit(0);
        assertTrue(z < -1e38f && z >= -Float.MAX_VALUE, "logit " + z);
    }
}
