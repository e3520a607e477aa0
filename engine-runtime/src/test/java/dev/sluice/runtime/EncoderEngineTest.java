package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.EncoderTexts;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.Pooling;
import dev.sluice.models.TextEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: concurrent callers share batches and get their own outputs, and nobody waits for ever.
/// Method: an encoder by hand whose batches can be held, and the tiny BERT of the goldens.
@Timeout(60)
class EncoderEngineTest {

    /// Output: sum and length of the text's ids. Text {99} breaks it.
    private static final class Summing implements TextEncoder {
        final CountDownLatch gate = new CountDownLatch(1);
        final CountDownLatch entered = new CountDownLatch(1);
        final List<Integer> sizes = new ArrayList<>();
        volatile boolean closed;

        @Override
        public EncoderConfig config() {
            return new EncoderConfig(EncoderTask.EMBEDDING, "sum", "", Pooling.MEAN, false, 2, 8,
                    false, List.of());
        }

        @Override
        public int vocab() { return 100; }

        @Override
        public int maxRows() { return 16; }

        @Override
        public int maxTexts() { return 4; }

        @Override
        public void encode(EncoderBatch batch, float[] out) {
            entered.countDown();
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            sizes.add(batch.textCount());
            for (int t = 0; t < batch.textCount(); t++) {
                float sum = 0;
                for (int i = 0; i < batch.length(t); i++) {
                    sum += batch.tokenId(batch.start(t) + i);
                }
                if (sum == 99) {
                    throw new IllegalStateException("99");
                }
                out[2 * t] = sum;
                out[2 * t + 1] = batch.length(t);
            }
        }

        @Override
        public void close() { closed = true; }
    }

    private static LoadedEncoder loaded(TextEncoder encoder) {
        EncoderTexts none = new EncoderTexts() {
            @Override
            public EncoderInput text(String text) { return new EncoderInput(new int[] {1}); }

            @Override
            public EncoderInput pair(String query, String document) { return text(query); }
        };
        return new LoadedEncoder(encoder, none,
                new MemoryPlan(0, new MemoryPlan.ExpertPlan(0, 0, 0), 0, 0));
    }

    private static List<EncoderInput> texts(int... lengths) {
        var inputs = new ArrayList<EncoderInput>();
        for (int length : lengths) {
            var ids = new int[length];
            java.util.Arrays.fill(ids, 2);
            inputs.add(new EncoderInput(ids));
        }
        return inputs;
    }

    @Test
    void waitingTextsOfSeveralCallersFormOneBatch() throws Exception {
        var encoder = new Summing();
        try (var engine = new EncoderEngine(loaded(encoder), 100);
                var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<float[][]> first = callers.submit(call(engine, texts(1)));
            encoder.entered.await();
            var others = new ArrayList<Future<float[][]>>();
            for (int i = 0; i < 4; i++) {
                others.add(callers.submit(call(engine, texts(i + 1, 2))));
                awaitWaiting(engine, 2 * (i + 1));
            }
            encoder.gate.countDown();
            assertArrayEquals(new float[] {2, 1}, first.get()[0]);
            for (int i = 0; i < 4; i++) {
                assertArrayEquals(new float[] {2 * i + 2, i + 1}, others.get(i).get()[0]);
                assertArrayEquals(new float[] {4, 2}, others.get(i).get()[1]);
            }
            assertEquals(List.of(1, 4, 4), encoder.sizes);
            assertEquals(9, engine.stats().texts());
        }
        assertTrue(encoder.closed);
    }

    private static Callable<float[][]> call(EncoderEngine engine, List<EncoderInput> texts) {
        return () -> engine.encode(texts);
    }

    private static void awaitWaiting(EncoderEngine engine, int count) throws Exception {
        while (engine.stats().waiting() < count) {
            Thread.sleep(1);
        }
    }

    @Test
    void refusalsComeWithNumbers() throws Exception {
        var encoder = new Summing();
        try (var engine = new EncoderEngine(loaded(encoder), 2);
                var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var tooLong = assertThrows(RequestRejected.class, () -> engine.encode(texts(9)));
            assertTrue(tooLong.getMessage().contains("9 tokens")
                    && tooLong.getMessage().contains("at most 8"), tooLong.getMessage());
            assertThrows(RequestRejected.class, () -> engine.encode(texts(0)));
            assertThrows(RequestRejected.class,
                    () -> engine.encode(List.of(new EncoderInput(new int[] {100}))));
            Future<float[][]> running = callers.submit(call(engine, texts(1)));
            encoder.entered.await();
            Future<float[][]> waits = callers.submit(call(engine, texts(1, 1)));
            awaitWaiting(engine, 2);
            var many = assertThrows(RequestRejected.class, () -> engine.encode(texts(1)));
            assertEquals(RequestRejected.Reason.OVERLOADED, many.reason());
            encoder.gate.countDown();
            running.get();
            assertEquals(2, waits.get().length);
            assertEquals(0, engine.encode(List.of()).length);
        }
    }

    @Test
    void aFailureEndsItsCallersAndNobodyElse() throws Exception {
        var encoder = new Summing();
        encoder.gate.countDown();
        try (var engine = new EncoderEngine(loaded(encoder), 100)) {
            var failed = assertThrows(EncodingFailed.class, () -> engine.encode(List.of(
                    new EncoderInput(new int[] {99}), new EncoderInput(new int[] {1}))));
            assertTrue(failed.getMessage().contains("99"), failed.getMessage());
            assertArrayEquals(new float[] {2, 1}, engine.encode(texts(1))[0]);
            assertEquals(0, engine.stats().waiting());
        }
    }

    @Test
    void closingAndInterruptingLeaveNobodyWaiting() throws Exception {
        var encoder = new Summing();
        var engine = new EncoderEngine(loaded(encoder), 100);
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<float[][]> running = callers.submit(call(engine, texts(1)));
            encoder.entered.await();
            Future<float[][]> interrupted = callers.submit(call(engine, texts(1)));
            awaitWaiting(engine, 1);
            interrupted.cancel(true);
            while (engine.stats().waiting() > 0) {
                Thread.sleep(1);
            }
            Future<float[][]> waits = callers.submit(call(engine, texts(1)));
            awaitWaiting(engine, 1);
            callers.submit(engine::close);
            var error = assertThrows(ExecutionException.class, waits::get);
            assertTrue(error.getCause() instanceof EncodingFailed, error.toString());
            encoder.gate.countDown();
            assertArrayEquals(new float[] {2, 1}, running.get()[0]);
        }
        assertTrue(encoder.closed);
        assertThrows(RequestRejected.class, () -> engine.encode(texts(1)));
    }

    @Test
    void textsAsVectors() {
        Path model = Path.of("../models/core/src/test/resources/encoders/bert-mean");
        try (Embedder embedder = Embedder.open(model)) {
            float[] a = embedder.embed("hello world");
            assertEquals(24, embedder.dimensions());
            // What transformers says, see make_encoders.py.
            assertEquals(0.22176887, a[0], 1e-5);
            assertEquals(-0.07944430, a[1], 1e-5);
            assertEquals(1, Embedder.similarity(a, embedder.embed("Hello  World")), 1e-6);
            assertTrue(Embedder.similarity(a, embedder.embed("twelve seven")) < 0.99);
        }
    }
}
