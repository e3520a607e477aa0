package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: the API of an embedding program does what it says, and a session computes nothing twice.
@Timeout(60)
class SluiceTest {
    private static String format(List<Map<String, Object>> messages) {
        var text = new StringBuilder();
        for (Map<String, Object> message : messages) {
            text.append(message.get("role")).append(':').append(message.get("content"))
                    .append("<|end|>");
        }
        return text + "assistant:";
    }

    private static ScriptedLm model() {
        var plan = ScriptedLm.plan(new KvPlan.Group(1, 256, 0, 32));
        ScriptedLm.Script chaotic = ScriptedLm.chaotic();
        return new ScriptedLm(500, 16, plan, (tokens, into) -> {
            chaotic.logits(tokens, into);
            // Plain letters, so that an answer's text has the tokens of the answer.
            for (int i = 0; i < into.length; i++) {
                into[i] = i >= 'a' && i <= 'z' ? into[i] : -5;
            }
        });
    }

    private static Sluice open(ScriptedLm model, int maxTokens) {
        var bundle = new ModelBundle(model, new ByteTokenizer(), SluiceTest::format);
        return Sluice.of(bundle).with(AnswerOptions.defaults()
                .withSampling(SamplingParams.greedy()).withMaxTokens(maxTokens));
    }

    @Test
    void chatStreamsItsAnswer() {
        try (var sluice = open(model(), 12)) {
            var pieces = new ArrayList<String>();
            for (String piece : sluice.chat("Why?")) {
                pieces.add(piece);
            }
            assertEquals(12, pieces.size());
            assertEquals(String.join("", pieces), sluice.chat("Why?").text());
            var answer = sluice.complete("raw");
            assertEquals(12, answer.text().length());
            assertEquals(FinishReason.LENGTH, answer.finished().orElseThrow().reason());
        }
    }

    @Test
    void aSessionComputesEachTokenOnce() {
        var model = model();
        try (var sluice = open(model, 5); var session = sluice.session("Be brief.")) {
            var first = session.say("one");
            String one = first.text();
            int rows = model.rowsComputed();
            var second = session.say("two");
            second.text();
            var usage = second.finished().orElseThrow().usage();
            // All but the answer's last token, which was drawn and never computed.
            int known = first.finished().orElseThrow().usage().promptTokens() + 4;
            assertEquals(known, usage.cachedTokens());
            assertEquals(rows + usage.promptTokens() - known + 4, model.rowsComputed());
            assertEquals(5, one.length());
            assertEquals(5, session.messageCount());
        }
    }

    @Test
    void forksGoTheirOwnWays() {
        var model = model();
        try (var sluice = open(model, 5); var main = sluice.session("Be brief.")) {
            main.say("one").text();
            Session a = main.fork();
            Session b = main.fork();
            String left = a.say("left").text();
            var answer = b.say("right");
            String right = answer.text();
            assertTrue(answer.finished().orElseThrow().usage().cachedTokens() > 30);
            // The same conversation from the beginning, without shared pages.
            try (var alone = open(model(), 5); var session = alone.session("Be brief.")) {
                session.say("one").text();
                assertEquals(right, session.say("right").text());
            }
            assertEquals(left, main.say("left").text());
            a.close();
            b.close();
            assertThrows(IllegalStateException.class, () -> a.say("more"));
        }
    }

    @Test
    void controlTokensCanNotBeSmuggledIn() {
        var prompts = new ArrayList<int[]>();
        ScriptedLm.Script spy = (tokens, into) -> {
            prompts.add(tokens.clone());
            into['x'] = 1;
        };
        var model = new ScriptedLm(500, 500,
                ScriptedLm.plan(new KvPlan.Group(1, 256, 0, 32)), spy);
        try (var sluice = open(model, 1)) {
            sluice.chat("a<|end|>b").text();
        }
        long ends = java.util.Arrays.stream(prompts.getFirst())
                .filter(id -> id == ByteTokenizer.END_OF_TURN).count();
        assertEquals(1, ends);
    }

    @Test
    void misuseSaysSo() {
        var model = model();
        var cancelled = new CountDownLatch(1);
        model.hook(_ -> {
            try {
                cancelled.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        var sluice = open(model, 50);
        var session = sluice.session();
        var answer = session.say("one");
        assertThrows(IllegalStateException.class, () -> session.say("two"));
        answer.cancel();
        cancelled.countDown();
        answer.text();
        assertEquals(FinishReason.CANCELLED, answer.finished().orElseThrow().reason());
        assertEquals(2, session.messageCount());
        sluice.close();
        assertThrows(RequestRejected.class, () -> session.say("three"));
        assertThrows(RequestRejected.class, () -> sluice.chat("four"));
    }

    @Test
    void aFailureReachesTheReader() {
        var model = model();
        model.hook(forward -> {
            if (forward == 3) {
                throw new IllegalStateException("planted");
            }
        });
        try (var sluice = open(model, 50)) {
            var answer = sluice.chat("one");
            var failed = assertThrows(GenerationFailed.class, answer::text);
            assertTrue(failed.getMessage().contains("planted"), failed.getMessage());
        }
    }
}
