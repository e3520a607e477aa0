package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.TokenEvent.Finished;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: what the engine tells about itself is true while it runs. Method: the real engine on
/// [ScriptedLm] with steps of a known length.
@Timeout(60)
class EngineFiguresTest {
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();

    private static ScriptedLm slow() {
        var model = ScriptedLm.small(200, 16, ScriptedLm.chaotic());
        model.hook(_ -> pause());
        return model;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(1);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static GenerateRequest request(int first, int maxTokens) {
        return GenerateRequest.of(
                new int[] {first, 1, 2, 3, 4, 5}, maxTokens, SamplingParams.greedy());
    }

    @Test
    void whatRequestsCostAddsUpToTheModelsTime() {
        try (var engine = new Engine(slow(), TOKENIZER)) {
            var streams = new ArrayList<TokenStream>();
            for (int i = 0; i < 4; i++) {
                streams.add(engine.submit(request(10 + i, 10 + 5 * i)));
            }
            streams.addAll(engine.submit(request(40, 12), 3));
            long cost = 0;
            for (TokenStream stream : streams) {
                cost += ended(stream).usage().engineNanos();
            }
            EngineStats stats = engine.stats();
            assertTrue(stats.modelNanos() > 20_000_000, stats.toString());
            // A share is rounded down, once for each row at most.
            assertEquals(stats.modelNanos(), cost, stats.rows());
        }
    }

    /// Waits without reading: the end is there also for those who do not take.
    private static Finished ended(TokenStream stream) {
        while (stream.ending().isEmpty()) {
            pause();
        }
        return (Finished) stream.ending().get();
    }

    @Test
    void workBetweenStepsRunsOnTheEnginesThreadAndRefreshesThePages() throws Exception {
        var engine = new Engine(slow(), TOKENIZER);
        TokenStream stream = engine.submit(request(9, 150));
        while (engine.stats().running() == 0) {
            pause();
        }
        assertEquals(0, engine.stats().lockedPages(), "nobody has asked yet");
        var thread = new AtomicReference<>("");
        engine.betweenSteps(() -> thread.set(Thread.currentThread().getName()))
                .get(20, TimeUnit.SECONDS);
        assertEquals("engine-loop", thread.get());
        assertTrue(engine.stats().lockedPages() >= 2, engine.stats().toString());
        stream.cancel();
        ended(stream);
        engine.betweenSteps(() -> { }).get(20, TimeUnit.SECONDS);
        assertEquals(0, engine.stats().lockedPages());
        engine.close();
        assertThrows(RequestRejected.class, () -> engine.betweenSteps(() -> { }));
        assertEquals(List.of(), engine.loop().open());
    }
}
