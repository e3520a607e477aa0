package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import dev.sluice.runtime.SimulatedEngine.Reader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: batching, sharing and forking compute each token once and change no answer. Method: the
/// token loop on [ScriptedLm], whose pages tell when a wrong one is read, with its rows counted.
class TokenLoopTest {
    private static final SamplingParams GREEDY = SamplingParams.greedy();

    static int[] prompt(int length, int seed) {
        return new Random(seed).ints(length, 0, 256).toArray();
    }

    static int[] joined(int[] head, int... tail) {
        int[] ids = java.util.Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, ids, head.length, tail.length);
        return ids;
    }

    static ScriptedLm model(int context, int maxRows, int pages) {
        return new ScriptedLm(context, maxRows,
                ScriptedLm.plan(new KvPlan.Group(1, pages, 0, 32)), ScriptedLm.chaotic());
    }

    /// What the request gives when nobody else is there and nothing is cached.
    static List<Integer> alone(GenerateRequest request) {
        var engine = new SimulatedEngine(model(4096, 4096, 1100), 1);
        Reader reader = engine.submit(request.withSpeculation(Speculation.OFF));
        engine.finish();
        return reader.ids;
    }

    @Test
    void sixteenBranchesOfATrunkComputeItOnce() {
        int[] trunk = prompt(2000, 1);
        var model = model(4096, 512, 3000);
        var engine = new SimulatedEngine(model, 16);
        for (int i = 0; i < 16; i++) {
            engine.submit(GenerateRequest.of(joined(trunk, i, i + 1, 7), 1, GREEDY));
        }
        engine.finish();
        assertEquals(2000 + 16 * 3, model.rowsComputed());
        for (Reader reader : engine.readers) {
            assertEquals(alone(reader.generation.request()), reader.ids);
        }
    }

    @Test
    void aPromptSeenBeforeCostsOneRow() {
        var model = model(256, 64, 64);
        var engine = new SimulatedEngine(model, 4);
        engine.submit(GenerateRequest.of(prompt(77, 2), 1, GREEDY));
        engine.finish();
        int rows = model.rowsComputed();
        Reader again = engine.submit(GenerateRequest.of(prompt(77, 2), 1, GREEDY));
        engine.finish();
        assertEquals(76, again.usage().cachedTokens());
        assertEquals(rows + 1, model.rowsComputed());
    }

    @Test
    void sixteenAnswersCostOnePrefill() {
        var model = model(512, 64, 600);
        var engine = new SimulatedEngine(model, 16);
        var request = GenerateRequest.of(prompt(200, 3), 10,
                SamplingParams.defaults().withSeed(5).withTemperature(1.5f));
        List<Reader> answers = engine.submit(request, 16);
        engine.finish();
        // 200 prompt rows, then 9 more draws need a row each; the first draws share one row.
        assertEquals(200 + 16 * 9, model.rowsComputed());
        for (int i = 0; i < 16; i++) {
            assertEquals(alone(request.withChoice(i)), answers.get(i).ids, "choice " + i);
            assertEquals(i == 0 ? 0 : 200, answers.get(i).usage().cachedTokens());
        }
        assertTrue(new java.util.HashSet<>(answers.stream().map(a -> a.ids).toList()).size() > 12);
    }

    @Test
    void eightForksTakeOnlyTheirTails() {
        var model = model(2048, 512, 2000);
        var engine = new SimulatedEngine(model, 8);
        engine.submit(GenerateRequest.of(prompt(1001, 4), 20,
                SamplingParams.defaults().withSeed(5)), 8);
        int most = 0;
        int pages = engine.cache.freePages(0);
        while (!engine.loop.idle()) {
            engine.step();
            most = Math.max(most, pages - engine.cache.freePages(0));
        }
        int tails = 8 * (21 / 4 + 2);
        assertTrue(most <= 1.15 * 251 + tails, most + " pages");
    }

    @Test
    void whoFollowsGoesOnWhenTheLeaderLeaves() {
        int[] trunk = prompt(300, 6);
        var model = model(512, 32, 400);
        var engine = new SimulatedEngine(model, 8);
        var readers = new ArrayList<Reader>();
        for (int i = 0; i < 4; i++) {
            readers.add(engine.submit(GenerateRequest.of(joined(trunk, i), 3, GREEDY)));
        }
        engine.step();
        engine.step();
        assertEquals(64, model.rowsComputed());
        readers.getFirst().stream.cancel();
        engine.finish();
        assertEquals(FinishReason.CANCELLED, readers.getFirst().finished().reason());
        for (Reader reader : readers.subList(1, 4)) {
            assertEquals(alone(reader.generation.request()), reader.ids);
        }
        // What the first had computed was not lost either.
        assertEquals(301 + 2 + 2 * (1 + 2), model.rowsComputed());
    }

    @Test
    void choicesGoOnWhenTheFirstLeaves() {
        var model = model(512, 32, 400);
        var engine = new SimulatedEngine(model, 8);
        var request = GenerateRequest.of(prompt(100, 7), 3,
                SamplingParams.defaults().withSeed(1));
        List<Reader> answers = engine.submit(request, 4);
        engine.step();
        answers.get(0).stream.cancel();
        answers.get(2).stream.cancel();
        engine.finish();
        assertEquals(FinishReason.CANCELLED, answers.get(2).finished().reason());
        assertEquals(alone(request.withChoice(1)), answers.get(1).ids);
        assertEquals(alone(request.withChoice(3)), answers.get(3).ids);
        assertEquals(100 + 2 * 2, model.rowsComputed());
    }

    @Test
    void underPressureSomeoneGivesWayAndNothingIsLost() {
        // Eight sequences of 60 tokens in 40 pages of 4: two and a half of them fit.
        var model = model(80, 16, 40);
        var engine = new SimulatedEngine(model, 8);
        for (int i = 0; i < 8; i++) {
            engine.submit(GenerateRequest.of(prompt(20 + i, 30 + i), 40, GREEDY));
        }
        engine.finish();
        int preemptions = 0;
        for (Reader reader : engine.readers) {
            assertEquals(alone(reader.generation.request()), reader.ids);
            preemptions += reader.usage().preemptions();
        }
        assertTrue(preemptions > 0, "nobody had to give way: the test is too easy");
    }
}
