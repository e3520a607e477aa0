package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.sluice.models.KvPlan;
import dev.sluice.runtime.SimulatedEngine.Reader;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Goal: whatever comes, pages are neither lost nor given twice, every accepted request ends once,
/// and the right tokens come. Method: seeded arrivals, cancels, deadlines, stalls, broken logits
/// and memory pressure on the token loop with [ScriptedLm]; the page books are checked after every
/// step, and a sample of the answers against what the request gives alone.
class EngineSoakTest {
    /// A run's totals, to see that the test tests something.
    private static final class Totals {
        int arrivals;
        long preemptions;
        long cached;
        long guessed;
        int cancelled;
        int late;
        int broken;
    }

    @Test
    void aShortLife() {
        var totals = new Totals();
        for (int seed = 0; totals.arrivals < 3_000; seed++) {
            live(seed, 100, totals);
        }
        check(totals);
    }

    @Test
    @Tag("soak")
    void aHundredThousandArrivals() {
        var totals = new Totals();
        for (int seed = 0; totals.arrivals < 100_000; seed++) {
            live(seed, 500, totals);
        }
        check(totals);
    }

    private static void check(Totals totals) {
        String all = "arrivals %d, preemptions %d, cached %d, guessed %d, cancelled %d, late %d, "
                .formatted(totals.arrivals, totals.preemptions, totals.cached, totals.guessed,
                totals.cancelled, totals.late) + "broken " + totals.broken;
        assertEquals(true, totals.preemptions > 0 && totals.cached > 0 && totals.guessed > 0
                && totals.cancelled > 0 && totals.late > 0 && totals.broken > 0, all);
    }

    private static final int CONTEXT = 64;

    private static ScriptedLm.Script script() {
        ScriptedLm.Script chaotic = ScriptedLm.chaotic();
        return (tokens, into) -> {
            // Few different tokens, so that texts repeat themselves and guesses are right.
            int last = tokens[tokens.length - 1];
            chaotic.logits(new int[] {last}, into);
            for (int i = 0; i < 6; i++) {
                into[i] += 20;
            }
            into[ByteTokenizer.EOS] += tokens.length % 17 == 0 ? 30 : 0;
            into[3] = last == 2 && tokens.length == 40 ? Float.NaN : into[3];
        };
    }

    private static ScriptedLm model(Random random) {
        int full = 16 + random.nextInt(40);
        var plan = random.nextBoolean() ? ScriptedLm.plan(new KvPlan.Group(1, full, 0, 32))
                : ScriptedLm.plan(new KvPlan.Group(1, full, 0, 32),
                        new KvPlan.Group(1, 9 + random.nextInt(20), 7, 32));
        return new ScriptedLm(CONTEXT, 8 + random.nextInt(20), plan, script());
    }

    private static GenerateRequest request(Random random, int[][] trunks) {
        int[] trunk = trunks[random.nextInt(trunks.length)];
        int kept = random.nextInt(trunk.length);
        int[] prompt = Arrays.copyOf(trunk, kept + 1 + random.nextInt(4));
        for (int i = kept; i < prompt.length; i++) {
            prompt[i] = random.nextInt(100);
        }
        var sampling = random.nextBoolean() ? SamplingParams.greedy()
                : SamplingParams.defaults().withSeed(random.nextInt(9));
        var hints = RequestHints.NONE.withClient("c" + random.nextInt(3))
                .withLane(random.nextInt(3));
        if (random.nextInt(10) == 0) {
            hints = hints.withTimeout(1 + random.nextInt(30) * 1_000_000L);
        }
        return GenerateRequest.of(prompt, 1 + random.nextInt(30), sampling).withHints(hints)
                .withCacheSalt(random.nextInt(4) == 0 ? "salt" : "")
                .withSpeculation(random.nextInt(3) == 0 ? Speculation.promptLookup(4)
                        : Speculation.OFF);
    }

    private static void live(int seed, int arrivals, Totals totals) {
        var random = new Random(seed);
        var model = model(random);
        var engine = new SimulatedEngine(model, 1 + random.nextInt(8));
        int pages = engine.cache.freePages(0);
        int[][] trunks = new int[4][];
        for (int i = 0; i < trunks.length; i++) {
            trunks[i] = random.ints(40, 0, 100).toArray();
        }
        try {
            int made = 0;
            while (made < arrivals) {
                if (random.nextInt(3) > 0) {
                    int choices = random.nextInt(6) == 0 ? 1 + random.nextInt(4) : 1;
                    engine.submit(request(random, trunks), choices);
                    made += choices;
                }
                if (random.nextInt(6) == 0 && !engine.readers.isEmpty()) {
                    engine.readers.get(random.nextInt(engine.readers.size())).stream.cancel();
                }
                if (random.nextInt(50) == 0) {
                    engine.now += 40_000_000;
                }
                for (int i = random.nextInt(8); i > 0; i--) {
                    engine.step();
                }
            }
            engine.finish();
            totals.arrivals += made;
            for (Reader reader : engine.readers) {
                count(reader, totals);
            }
            for (int i = 0; i < 10; i++) {
                compare(engine.readers.get(random.nextInt(engine.readers.size())));
            }
            engine.cache.checkIntegrity(List.of());
            assertEquals(pages, engine.cache.stats().groups().getFirst().free()
                    + engine.cache.stats().groups().getFirst().tree(), "pages lost");
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    private static void count(Reader reader, Totals totals) {
        switch (reader.last.orElseThrow()) {
            case Finished last -> {
                totals.preemptions += last.usage().preemptions();
                totals.cached += last.usage().cachedTokens();
                totals.guessed += last.usage().acceptedTokens();
                totals.cancelled += last.reason() == FinishReason.CANCELLED ? 1 : 0;
                totals.late += last.reason() == FinishReason.DEADLINE ? 1 : 0;
            }
            case Failed failed -> {
                assertEquals(TokenEvent.Failure.NO_TOKEN, failed.failure());
                totals.broken++;
            }
            case TokenEvent.Token _ -> throw new AssertionError();
        }
    }

    /// With its company the request gave what it gives alone, or the beginning of it.
    private static void compare(Reader reader) {
        var model = new ScriptedLm(CONTEXT, 64,
                ScriptedLm.plan(new KvPlan.Group(1, 40, 0, 32)), script());
        var engine = new SimulatedEngine(model, 1);
        Reader alone = engine.submit(reader.generation.request().withHints(RequestHints.NONE)
                .withSpeculation(Speculation.OFF));
        engine.finish();
        if (reader.last.orElseThrow() instanceof Finished last
                && (last.reason() == FinishReason.CANCELLED
                || last.reason() == FinishReason.DEADLINE)) {
            assertEquals(alone.ids.subList(0, reader.ids.size()), reader.ids);
        } else {
            assertEquals(alone.ids, reader.ids);
            assertInstanceOf(alone.last.orElseThrow().getClass(), reader.last.orElseThrow());
        }
    }
}
