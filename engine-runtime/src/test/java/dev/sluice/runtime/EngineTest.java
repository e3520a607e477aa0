package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import dev.sluice.runtime.RequestRejected.Reason;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Failure;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: the token loop gives the right tokens and the right end, and every accepted request ends
/// with exactly one terminal event whatever happens. Method: the real engine on [ScriptedLm].
@Timeout(60)
class EngineTest {
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();
    private static final SamplingParams GREEDY = SamplingParams.greedy();

    private record Outcome(List<Integer> ids, String text, TokenEvent last) {
        Finished finished() { return assertInstanceOf(Finished.class, last); }

        FinishReason reason() { return finished().reason(); }
    }

    private static Outcome read(TokenStream stream) {
        var ids = new ArrayList<Integer>();
        var text = new StringBuilder();
        try {
            while (true) {
                switch (stream.take()) {
                    case Token token -> {
                        ids.add(token.id());
                        text.append(token.text());
                    }
                    case Finished last -> {
                        return new Outcome(ids, text + last.text(), last);
                    }
                    case Failed last -> {
                        return new Outcome(ids, text.toString(), last);
                    }
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static int[] prompt(int length) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (i * 37 + 11) % 256;
        }
        return ids;
    }

    private static GenerateRequest greedy(int promptLength, int maxTokens) {
        return GenerateRequest.of(prompt(promptLength), maxTokens, GREEDY);
    }

    private static Outcome run(ScriptedLm model, GenerateRequest request) {
        try (var engine = new Engine(model, TOKENIZER)) {
            return read(engine.submit(request));
        }
    }

    /// What the script says without an engine.
    private static List<Integer> expected(ScriptedLm.Script script, int[] prompt, int count) {
        var ids = new ArrayList<Integer>();
        var history = new TokenHistory(prompt);
        for (int i = 0; i < count; i++) {
            int[] tokens = new int[history.size()];
            for (int j = 0; j < tokens.length; j++) {
                tokens[j] = history.get(j);
            }
            float[] logits = new float[ByteTokenizer.VOCAB];
            script.logits(tokens, logits);
            int best = 0;
            for (int j = 1; j < logits.length; j++) {
                best = logits[j] > logits[best] ? j : best;
            }
            ids.add(best);
            history.add(best);
        }
        return ids;
    }

    @Test
    void chunksAndPagesDoNotChangeTheTokens() {
        var script = ScriptedLm.chaotic();
        var want = expected(script, prompt(21), 12);
        for (int maxRows : new int[] {1, 2, 3, 4, 7, 20, 21, 64}) {
            var outcome = run(ScriptedLm.small(64, maxRows, script), greedy(21, 12));
            assertEquals(want, outcome.ids(), "maxRows " + maxRows);
            assertEquals(FinishReason.LENGTH, outcome.reason());
        }
    }

    @Test
    void windowGroupsLiveInFewerPages() {
        var script = ScriptedLm.chaotic();
        // Window 6 and steps of 5 rows: 6 pages of 4 are 24 positions for a context of 100.
        var plan = ScriptedLm.plan(
                new KvPlan.Group(1, 25, 0, 32), new KvPlan.Group(1, 6, 6, 32));
        var model = new ScriptedLm(100, 5, plan, script);
        var outcome = run(model, greedy(40, 59));
        assertEquals(expected(script, prompt(40), 59), outcome.ids());
    }

    @Test
    void endsAtEveryKindOfEnd() {
        var model = ScriptedLm.small(64, 8, ScriptedLm.saying(3, "Hello, world"));
        try (var engine = new Engine(model, TOKENIZER)) {
            var eos = read(engine.submit(greedy(3, 50)));
            assertEquals("Hello, world", eos.text());
            assertEquals(FinishReason.STOP, eos.reason());
            assertEquals(13, eos.finished().usage().completionTokens());
            var stopId = read(engine.submit(greedy(3, 50).withStopIds(Set.of((int) ','))));
            assertEquals("Hello", stopId.text());
            assertEquals(FinishReason.STOP, stopId.reason());
            var stop = read(engine.submit(
                    greedy(3, 50).withStopStrings(List.of("o, m", "o, w"))));
            assertEquals("Hell", stop.text());
            assertEquals("o, w", stop.finished().stop());
            var held = read(engine.submit(greedy(3, 6).withStopStrings(List.of("o, w"))));
            assertEquals("Hello,", held.text());
            assertEquals(FinishReason.LENGTH, held.reason());
            var usage = held.finished().usage();
            assertEquals(3, usage.promptTokens());
            assertEquals(6, usage.completionTokens());
            assertTrue(usage.timeToFirstTokenNanos() > 0 && usage.decodeTokensPerSecond() > 0);
        }
        assertEquals(1, model.closed());
    }

    @Test
    void contextIsALimit() {
        var model = ScriptedLm.small(16, 8, ScriptedLm.chaotic());
        try (var engine = new Engine(model, TOKENIZER)) {
            var full = read(engine.submit(greedy(10, 50)));
            assertEquals(FinishReason.CONTEXT_FULL, full.reason());
            assertEquals(6, full.ids().size());
            assertEquals(1, read(engine.submit(greedy(15, 50))).ids().size());
            var refused = assertThrows(RequestRejected.class, () -> engine.submit(greedy(16, 1)));
            assertEquals(Reason.CONTEXT_LENGTH_EXCEEDED, refused.reason());
            assertTrue(refused.getMessage()
                    .contains("the prompt has 16 tokens, the context holds 16"),
                    refused.getMessage());
            var strange = assertThrows(RequestRejected.class, () -> engine.submit(
                    GenerateRequest.of(new int[] {1, 999}, 1, GREEDY)));
            assertEquals("promptIds: token 999, allowed: 0 to 258", strange.getMessage());
        }
    }

    @Test
    void minTokensAndIgnoreEosMask() {
        var model = ScriptedLm.small(64, 8, ScriptedLm.saying(3, "ab"));
        try (var engine = new Engine(model, TOKENIZER)) {
            var longer = read(engine.submit(GenerateRequest.of(
                    prompt(3), 50, GREEDY.withMinTokens(5))));
            assertEquals(6, longer.finished().usage().completionTokens());
            var all = read(engine.submit(GenerateRequest.of(
                    prompt(3), 20, GREEDY.withIgnoreEos(true))));
            assertEquals(FinishReason.LENGTH, all.reason());
        }
    }

    @Test
    void choicesDifferAndRepeat() {
        var model = ScriptedLm.small(64, 8, ScriptedLm.chaotic());
        var request = GenerateRequest.of(
                prompt(5), 20, SamplingParams.defaults().withSeed(7).withTemperature(2));
        try (var engine = new Engine(model, TOKENIZER)) {
            var first = read(engine.submit(request)).ids();
            var second = read(engine.submit(request.withChoice(1))).ids();
            assertTrue(!first.equals(second));
            assertEquals(first, read(engine.submit(request)).ids());
        }
    }

    @Test
    void logprobsComeWithTheTokens() throws InterruptedException {
        var model = ScriptedLm.small(64, 8, ScriptedLm.saying(3, "x"));
        try (var engine = new Engine(model, TOKENIZER)) {
            var stream = engine.submit(
                    GenerateRequest.of(prompt(3), 5, GREEDY.withLogprobs(2)));
            var token = assertInstanceOf(Token.class, stream.take());
            assertEquals(3, token.logprobs().size());
            assertEquals(new Logprob('x', token.logprobs().get(1).value()),
                    token.logprobs().getFirst());
            // 258 other tokens at 0, one at 10; the padding columns count for nothing.
            assertEquals(10 - Math.log(Math.exp(10) + 258),
                    token.logprobs().getFirst().value(), 1e-6);
        }
    }

    @Test
    void cancelEndsTheRunningAndTheWaiting() throws InterruptedException {
        var model = ScriptedLm.small(64, 8, ScriptedLm.chaotic());
        var reached = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        model.hook(forward -> {
            if (forward == 4) {
                reached.countDown();
                await(go);
            }
        });
        try (var engine = new Engine(
                model, TOKENIZER, EngineOptions.defaults().withParallel(1))) {
            var running = engine.submit(greedy(3, 50));
            var waiting = engine.submit(greedy(3, 50));
            var later = engine.submit(greedy(3, 5));
            assertTrue(reached.await(10, TimeUnit.SECONDS));
            running.cancel();
            waiting.cancel();
            go.countDown();
            assertEquals(FinishReason.CANCELLED, read(running).reason());
            var unbegun = read(waiting);
            assertEquals(FinishReason.CANCELLED, unbegun.reason());
            assertEquals(List.of(), unbegun.ids());
            assertEquals(5, read(later).ids().size());
            assertThrows(IllegalStateException.class, running::take);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFailedForwardEndsEveryRequest() {
        var model = ScriptedLm.small(64, 8, ScriptedLm.chaotic());
        var queued = new CountDownLatch(1);
        model.hook(forward -> {
            await(queued);
            if (forward == 3) {
                throw new IllegalStateException("planted");
            }
        });
        try (var engine = new Engine(model, TOKENIZER)) {
            var streams = List.of(engine.submit(greedy(3, 50)), engine.submit(greedy(3, 50)));
            queued.countDown();
            for (TokenStream stream : streams) {
                var failed = assertInstanceOf(Failed.class, read(stream).last());
                assertEquals(Failure.ENGINE_FAILED, failed.failure());
                assertTrue(failed.message().contains("planted"), failed.message());
            }
            // The stream may end a moment before the engine refuses.
            var refused = assertThrows(RequestRejected.class, () -> {
                while (true) {
                    var outcome = read(engine.submit(greedy(3, 5)));
                    assertInstanceOf(Failed.class, outcome.last());
                }
            });
            assertEquals(Reason.ENGINE_STOPPED, refused.reason());
            assertTrue(refused.getMessage().contains("planted"), refused.getMessage());
        }
        assertEquals(1, model.closed());
    }

    @Test
    void logitsThatAreNoNumberEndOneRequest() {
        ScriptedLm.Script broken = (tokens, into) -> {
            into[7] = tokens.length == 5 ? Float.NaN : 1;
        };
        try (var engine = new Engine(ScriptedLm.small(64, 8, broken), TOKENIZER)) {
            var failed = assertInstanceOf(Failed.class, read(engine.submit(greedy(3, 9))).last());
            assertEquals(Failure.NO_TOKEN, failed.failure());
            assertEquals("no token for position 5: the logit of token 7 is NaN", failed.message());
            assertEquals(List.of(7, 7), read(engine.submit(greedy(6, 2))).ids());
        }
    }

    @Test
    void closeEndsWhatRunsAndWaits() throws InterruptedException {
        var model = ScriptedLm.small(64, 8, ScriptedLm.chaotic());
        var reached = new CountDownLatch(1);
        model.hook(forward -> {
            reached.countDown();
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        var engine = new Engine(model, TOKENIZER);
        var streams = List.of(engine.submit(greedy(3, 50)), engine.submit(greedy(3, 50)));
        assertTrue(reached.await(10, TimeUnit.SECONDS));
        engine.close();
        for (TokenStream stream : streams) {
            var failed = assertInstanceOf(Failed.class, read(stream).last());
            assertEquals(Failure.ENGINE_STOPPED, failed.failure());
        }
        assertEquals(Reason.ENGINE_STOPPED,
                assertThrows(RequestRejected.class, () -> engine.submit(greedy(3, 5))).reason());
        engine.close();
        assertEquals(1, model.closed());
    }

    @Test
    void branchesReuseAndForksShare() {
        var script = ScriptedLm.chaotic();
        var model = new ScriptedLm(128, 8,
                ScriptedLm.plan(new KvPlan.Group(1, 64, 0, 32)), script);
        try (var engine = new Engine(model, TOKENIZER)) {
            Branch main = engine.branch();
            var first = read(engine.submit(greedy(30, 4), main));
            assertEquals(0, first.finished().usage().cachedTokens());
            assertEquals(33, engine.computed(main), "all but the last token drawn");
            int rows = model.rowsComputed();
            // Seen before but for its last token: 29 of 30 are kept.
            var again = read(engine.submit(greedy(30, 4), main));
            assertEquals(29, again.finished().usage().cachedTokens());
            assertEquals(rows + 4, model.rowsComputed());
            assertEquals(first.ids(), again.ids());

            Branch fork = engine.fork(main);
            int[] other = prompt(40);
            other[31] = 5;
            var forked = read(engine.submit(GenerateRequest.of(other, 4, GREEDY), fork));
            assertEquals(expected(script, other, 4), forked.ids());
            assertTrue(forked.finished().usage().cachedTokens() >= 30);
            assertEquals(2, model.pagesCopied());
            TokenStream watched = engine.submit(greedy(30, 4), main);
            var untouched = read(watched);
            assertEquals(29, watched.cachedTokens());
            assertEquals(4, watched.produced());
            assertTrue(watched.done());
            assertEquals(first.ids(), untouched.ids());
            assertEquals(29, untouched.finished().usage().cachedTokens());
        }
    }

    @Test
    void idleBranchesMakeRoom() {
        var script = ScriptedLm.chaotic();
        var model = ScriptedLm.small(64, 8, script);
        try (var engine = new Engine(model, TOKENIZER)) {
            var branches = new ArrayList<Branch>();
            for (int i = 0; i < 5; i++) {
                branches.add(i % 2 == 0 ? engine.branch() : engine.fork(branches.getLast()));
                int[] prompt = prompt(40 + i);
                prompt[20] = i / 2;
                var outcome = read(engine.submit(
                        GenerateRequest.of(prompt, 99, GREEDY), branches.getLast()));
                assertEquals(FinishReason.CONTEXT_FULL, outcome.reason());
                assertEquals(expected(script, prompt, 24 - i), outcome.ids());
            }
        }
    }

    /// Seeded arrivals, cancels, broken logits and a failure or a close in the middle: every
    /// accepted stream ends with exactly one terminal event.
    @Test
    void everyAcceptedRequestEndsOnce() throws InterruptedException {
        for (int seed = 0; seed < 30; seed++) {
            simulate(seed);
        }
    }

    private static void simulate(int seed) throws InterruptedException {
        var random = new Random(seed);
        int failAt = random.nextInt(3) == 0 ? 200 + random.nextInt(200) : Integer.MAX_VALUE;
        ScriptedLm.Script chaotic = ScriptedLm.chaotic();
        var model = new ScriptedLm(64, 1 + random.nextInt(9),
                ScriptedLm.plan(new KvPlan.Group(1, 20, 0, 32), new KvPlan.Group(1, 9, 7, 32)),
                (tokens, into) -> {
                    chaotic.logits(tokens, into);
                    into[3] = tokens.length == 61 ? Float.NaN : into[3];
                });
        model.hook(forward -> {
            if (forward == failAt) {
                throw new IllegalStateException("planted");
            }
        });
        var engine = new Engine(model, TOKENIZER);
        var outcomes = java.util.Collections.synchronizedList(new ArrayList<Outcome>());
        var readers = new ArrayList<Thread>();
        var branches = new ArrayList<Branch>(List.of(engine.branch()));
        int accepted = 0;
        for (int i = 0; i < 40; i++) {
            try {
                var request = greedy(1 + random.nextInt(50), 1 + random.nextInt(20));
                if (random.nextInt(4) == 0) {
                    branches.add(engine.fork(branches.get(random.nextInt(branches.size()))));
                }
                TokenStream stream = random.nextBoolean() ? engine.submit(request)
                        : engine.submit(request, branches.get(random.nextInt(branches.size())));
                accepted++;
                boolean leaves = random.nextInt(4) == 0;
                readers.add(Thread.ofVirtual().start(() -> {
                    if (leaves) {
                        stream.cancel();
                    }
                    outcomes.add(read(stream));
                    assertThrows(IllegalStateException.class, stream::take);
                }));
            } catch (RequestRejected e) {
                assertEquals(Reason.ENGINE_STOPPED, e.reason(), "seed " + seed);
            }
            if (random.nextInt(60) == 0) {
                engine.close();
            }
        }
        for (Thread reader : readers) {
            assertTrue(reader.join(java.time.Duration.ofSeconds(20)), "seed " + seed);
        }
        engine.close();
        assertEquals(accepted, outcomes.size(), "seed " + seed);
        assertEquals(1, model.closed(), "seed " + seed);
        if (model.forwards() < failAt) {
            engine.cache().checkIntegrity(List.of());
        }
    }
}
