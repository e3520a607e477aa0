package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import dev.sluice.runtime.SimulatedEngine.Reader;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: guessing changes no token, log-probability or end, only the number of steps. Method: a
/// model that likes to repeat itself, with every kind of guess and every setting that looks at
/// earlier tokens, beside plain decoding.
class SpeculationTest {
    /// Prefers what followed the last token when it occurred before, most of the time.
    private static ScriptedLm.Script repetitive() {
        ScriptedLm.Script chaotic = ScriptedLm.chaotic();
        return (tokens, into) -> {
            chaotic.logits(new int[] {tokens[tokens.length - 1] % 7}, into);
            int last = tokens.length - 1;
            for (int i = last - 1; i > 0; i--) {
                if (tokens[i - 1] == tokens[last]) {
                    into[tokens[i]] += tokens.length % 5 == 0 ? 0 : 8;
                    break;
                }
            }
            into[ByteTokenizer.EOS] = tokens.length % 41 == 40 ? 9 : -9;
        };
    }

    private static ScriptedLm model(ScriptedLm.Script script) {
        return new ScriptedLm(256, 64, ScriptedLm.plan(new KvPlan.Group(1, 300, 0, 32),
                new KvPlan.Group(1, 60, 9, 32)), script);
    }

    private static SimulatedEngine engine(boolean drafts) {
        if (!drafts) {
            return new SimulatedEngine(model(repetitive()), 4);
        }
        // A draft model that is right most of the time.
        ScriptedLm.Script wrongAtTimes = (tokens, into) -> {
            repetitive().logits(tokens, into);
            into[5] += tokens.length % 6 == 0 ? 30 : 0;
        };
        var drafter = new DraftModel(model(wrongAtTimes), ByteTokenizer.VOCAB, 4);
        return new SimulatedEngine(model(repetitive()), 4, drafter, LoopObserver.NONE);
    }

    private static List<SamplingParams> samplings() {
        SamplingParams some = SamplingParams.defaults().withSeed(3).withTemperature(0.7f);
        return List.of(SamplingParams.greedy(), some, some.withTopP(0.8f).withLogprobs(2),
                some.withPenalties(new Penalties(1.3f, 0.2f, 0.1f, Scope.OUTPUT, 0)),
                some.withMirostat(new SamplingParams.Mirostat(2, 4, 0.2f)),
                some.withMinTokens(60),
                some.withDry(new SamplingParams.Dry(0.5f, 1.5f, 2, 0, List.of())));
    }

    @Test
    void lookedUpGuessesChangeNothing() {
        same(Speculation.promptLookup(6), false);
    }

    @Test
    void draftedGuessesChangeNothing() {
        same(Speculation.draftModel(5), true);
    }

    private static void same(Speculation speculation, boolean drafts) {
        int guessed = 0;
        int accepted = 0;
        for (int seed = 0; seed < 8; seed++) {
            int[] prompt = new Random(seed).ints(20, 0, 12).toArray();
            for (SamplingParams sampling : samplings()) {
                var request = GenerateRequest.of(prompt, 90, sampling)
                        .withStopStrings(seed % 2 == 0 ? List.of() : List.of("\7\3", "\1\1\1"));
                var plain = engine(false);
                Reader want = plain.submit(request);
                plain.finish();
                var engine = engine(drafts);
                Reader got = engine.submit(request.withSpeculation(speculation));
                Reader mate = engine.submit(request.withChoice(1).withSpeculation(speculation));
                engine.finish();
                assertEquals(want.ids, got.ids, "seed " + seed + " " + sampling);
                assertEquals(want.logprobs, got.logprobs);
                assertEquals(want.finished().reason(), got.finished().reason());
                assertEquals(want.finished().stop(), got.finished().stop());
                guessed += got.usage().guessedTokens();
                accepted += got.usage().acceptedTokens();
                assertTrue(!mate.ids.equals(got.ids) || sampling.temperature() == 0);
            }
        }
        assertTrue(accepted > 100 && guessed > accepted + 100,
                accepted + " of " + guessed + " guesses right");
    }

    @Test
    void rightGuessesSaveSteps() {
        // Counts round and round, so every guess is right once the first round is over.
        ScriptedLm.Script round = (tokens, into) -> into[(tokens.length + 1) % 11] = 9;
        var engine = new SimulatedEngine(model(round), 1);
        Reader reader = engine.submit(GenerateRequest.of(new int[] {1}, 100,
                SamplingParams.greedy()).withSpeculation(Speculation.promptLookup(8)));
        engine.finish();
        assertEquals(100, reader.ids.size());
        assertTrue(engine.stats.snapshot().steps() < 30, engine.stats.snapshot() + "");
        assertEquals(reader.usage().guessedTokens(), reader.usage().acceptedTokens());
    }

    @Test
    void aDraftModelMustBeThere() {
        var engine = new SimulatedEngine(model(repetitive()), 1);
        var refused = assertThrows(RequestRejected.class, () -> engine.submit(GenerateRequest.of(
                new int[] {1}, 1, SamplingParams.greedy())
                .withSpeculation(Speculation.draftModel(3))));
        assertEquals(RequestRejected.Reason.INVALID_REQUEST, refused.reason());
    }
}
