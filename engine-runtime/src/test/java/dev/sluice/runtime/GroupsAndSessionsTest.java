package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import dev.sluice.runtime.RequestRejected.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: groups of answers, votes, parked and saved sessions, bounded queues. Method: the engine
/// with its thread on [ScriptedLm], whose rows are counted.
@Timeout(60)
class GroupsAndSessionsTest {
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();
    private static final SamplingParams DRAWN = SamplingParams.defaults().withSeed(2);

    /// Says one of a few letters, the first of them mostly, and ends.
    private static ScriptedLm.Script opinion(int promptLength) {
        return (tokens, into) -> {
            if (tokens.length > promptLength) {
                into[ByteTokenizer.EOS] = 50;
                return;
            }
            java.util.Arrays.fill(into, -50);
            into['y'] = 2;
            into['n'] = 0.5f;
            into['?'] = 0;
        };
    }

    private static ScriptedLm model(ScriptedLm.Script script) {
        return new ScriptedLm(500, 64,
                ScriptedLm.plan(new KvPlan.Group(1, 400, 0, 32)), script);
    }

    @Test
    void aGroupTellsWhatTheModelThinks() throws InterruptedException {
        var model = model(opinion(50));
        try (var engine = new Engine(model, TOKENIZER)) {
            var request = GenerateRequest.of(TokenLoopTest.prompt(50, 1), 5, DRAWN);
            var group = AnswerGroup.of(engine, request, 32);
            AnswerSummary summary = group.summary(String::strip);
            assertEquals(50 + 32, model.rowsComputed());
            assertEquals("y", summary.mostFrequent());
            assertEquals(32, summary.counts().values().stream().mapToInt(i -> i).sum());
            assertTrue(summary.entropy() > 0.5 && summary.entropy() < 1.6, summary.toString());
            assertTrue(summary.disagreement() > 0.2 && summary.disagreement() < 0.7);
            assertEquals("y", group.best().text());
            assertEquals(1, group.best().tokens());
            assertTrue(summary.leastMeanLogprob() < group.best().meanLogprob());
        }
    }

    @Test
    void summariesByHand() {
        var end = new TokenEvent.Finished(
                FinishReason.STOP, "", "", new Usage(1, 0, 1, 0, 0, 0, 0, 0, 0, 0));
        var four = List.of(new Completion(0, "a", -1, 1, end), new Completion(1, "b", -4, 2, end),
                new Completion(2, "a ", -1, 1, end), new Completion(3, "c", -9, 3, end));
        AnswerSummary summary = AnswerSummary.of(four, String::strip);
        assertEquals(List.of("a", "b", "c"), List.copyOf(summary.counts().keySet()));
        assertEquals(1.5, summary.entropy(), 1e-12);
        assertEquals(1 - 2.0 / 12, summary.disagreement(), 1e-12);
        assertEquals(-3, summary.leastMeanLogprob());
        assertEquals(0.5, summary.agreement());
        assertEquals(3, summary.longestTokens());
    }

    @Test
    void aVoteCostsOnePrefillAndEndsWithItsDecision() throws InterruptedException {
        var model = model(opinion(100));
        try (var engine = new Engine(model, TOKENIZER)) {
            var request = GenerateRequest.of(TokenLoopTest.prompt(100, 1), 9, DRAWN);
            var outcome = assertInstanceOf(VoteOutcome.Decided.class, EngineVotes.decide(
                    engine, request, new FirstToAhead(4), RedFlags.longerThan(5), 60));
            assertEquals("y", outcome.answer());
            // The prompt once; each vote's end token costs a row; a wave repeats one prompt row.
            int waves = model.rowsComputed() - 100 - outcome.votes();
            assertTrue(waves >= 0 && waves <= outcome.votes(), waves + " waves " + outcome);
            assertEquals(outcome.votes() * 2L, engine.stats().completionTokens());
        }
    }

    @Test
    void openRequestsAreBounded() throws InterruptedException {
        var model = model(ScriptedLm.chaotic());
        var go = new CountDownLatch(1);
        model.hook(_ -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        try (var engine = new Engine(model, TOKENIZER,
                EngineOptions.defaults().withParallel(2).withWaitingMax(3))) {
            var request = GenerateRequest.of(new int[] {1}, 2, DRAWN);
            var first = engine.submit(request, 5);
            var refused = assertThrows(RequestRejected.class, () -> engine.submit(request));
            assertEquals(Reason.OVERLOADED, refused.reason());
            assertEquals("5 requests are open already, 1 more would exceed 5",
                    refused.getMessage());
            go.countDown();
            for (TokenStream stream : first) {
                Completion.read(stream);
            }
            assertEquals(2, Completion.read(engine.submit(request)).tokens());
        }
    }

    @Test
    void aDeadlineEndsARequest() throws InterruptedException {
        var model = model(ScriptedLm.chaotic());
        model.hook(_ -> java.util.concurrent.locks.LockSupport.parkNanos(2_000_000));
        try (var engine = new Engine(model, TOKENIZER)) {
            var late = Completion.read(engine.submit(GenerateRequest.of(new int[] {1}, 400, DRAWN)
                    .withHints(RequestHints.NONE.withTimeout(50_000_000))));
            assertEquals(FinishReason.DEADLINE, late.end().reason());
            assertTrue(late.tokens() < 100);
        }
    }

    private static Sluice sluice(ScriptedLm model, EngineOptions options) {
        return Sluice.of(new ModelBundle(model, TOKENIZER,
                messages -> messages.toString() + "assistant:"), options)
                .with(AnswerOptions.defaults().withSampling(SamplingParams.greedy())
                        .withMaxTokens(10));
    }

    @Test
    void aParkedSessionGoesOn() {
        var model = model(ScriptedLm.chaotic());
        try (var sluice = sluice(model, EngineOptions.defaults().withHostTier(1 << 20));
                var session = sluice.session("brief")) {
            session.say("one").text();
            session.park("compiler", Duration.ofSeconds(1));
            // Others take all the pages meanwhile.
            for (int i = 0; i < 5; i++) {
                sluice.complete((char) ('a' + i) + "x".repeat(450)).text();
            }
            session.resume();
            var second = session.say("two");
            second.text();
            Usage usage = second.finished().orElseThrow().usage();
            assertTrue(usage.cachedTokens() > 40, usage.toString());
        }
    }

    @Test
    void aSavedSessionGoesOnElsewhere(@TempDir Path folder) throws IOException {
        EngineOptions named = EngineOptions.defaults().withModelId("scripted");
        try (var sluice = sluice(model(ScriptedLm.chaotic()), named);
                var session = sluice.session("brief")) {
            session.say("one").text();
            session.save(folder);
        }
        var model = model(ScriptedLm.chaotic());
        try (var sluice = sluice(model, named); var session = sluice.restore(folder)) {
            assertEquals(3, session.messageCount());
            var answer = session.say("two");
            answer.text();
            Usage usage = answer.finished().orElseThrow().usage();
            assertTrue(usage.cachedTokens() > 40, usage.toString());
            assertEquals(usage.promptTokens() - usage.cachedTokens() + 9, model.rowsComputed());
        }
        try (var other = sluice(model(ScriptedLm.chaotic()),
                EngineOptions.defaults().withModelId("another"))) {
            assertThrows(RequestRejected.class, () -> other.restore(folder));
        }
        try (var nameless = sluice(model(ScriptedLm.chaotic()), EngineOptions.defaults())) {
            assertThrows(RequestRejected.class, () -> nameless.restore(folder));
        }
        Files.writeString(folder.resolve("messages.json"), "{");
        try (var sluice = sluice(model(ScriptedLm.chaotic()), named)) {
            assertThrows(RequestRejected.class, () -> sluice.restore(folder));
        }
    }

    @Test
    void afterClosingItSaysSo() {
        var sluice = sluice(model(ScriptedLm.chaotic()), EngineOptions.defaults());
        var session = sluice.session();
        sluice.close();
        sluice.close();
        for (var refused : List.of(
                assertThrows(RequestRejected.class, () -> sluice.chat("x")),
                assertThrows(RequestRejected.class, () -> session.say("x")),
                assertThrows(RequestRejected.class, session::fork))) {
            assertEquals(Reason.ENGINE_STOPPED, refused.reason());
            assertEquals("the engine was closed", refused.getMessage());
        }
    }
}
