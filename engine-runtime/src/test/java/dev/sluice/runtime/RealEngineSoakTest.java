package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Goal: the engine with a real model, its thread and many clients lives for ten minutes, answers
/// the same request in the same way each time, and loses no page. Method: stories260K on the
/// vector backend, clients on virtual threads that ask, fork, guess and leave.
@Tag("soak")
class RealEngineSoakTest {
    private static final Path MODEL = Path.of(
            "../models/core/src/test/resources/stories260K/stories260K.gguf");
    private static final long MINUTES = Long.getLong("soak.minutes", 10);
    private static final int CLIENTS = 24;

    private final ConcurrentHashMap<Integer, String> answers = new ConcurrentHashMap<>();

    @Test
    void tenMinutes() throws Exception {
        long end = System.nanoTime() + MINUTES * 60_000_000_000L;
        var kernels = Kernels.open("vector", BackendOptions.defaults());
        var options = new LoadOptions(DType.F16, 300, 8, 64).withKvBytes(1_500_000);
        LoadedModel model = LoadedModel.open(MODEL, kernels, options, _ -> { });
        var tokenizer = model.texts().tokenizer();
        int[] story = tokenizer.encodePrompt("Once upon a time, there was a little girl named"
                + " Lily. She loved to play outside in the park with her friends.");
        var engine = new Engine(model.lm(), tokenizer);
        long asked = 0;
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                var random = new Random(i);
                Callable<Integer> client = () -> client(engine, story, random, end);
                all.add(clients.submit(client));
            }
            for (Future<Integer> one : all) {
                asked += one.get();
            }
        }
        // The last events are out before their step is.
        engine.betweenSteps(() -> { }).get();
        EngineStats stats = engine.stats();
        engine.close();
        engine.cache().checkIntegrity(List.of());
        assertEquals(0, stats.running() + stats.waiting(), stats.toString());
        System.out.printf("%d answers in %d minutes: %s%n", asked, MINUTES, stats);
        assertTrue(asked > CLIENTS && stats.hitTokens() > 0, asked + " asked, " + stats);
    }

    private int client(Engine engine, int[] story, Random random, long end)
            throws InterruptedException {
        int asked = 0;
        while (System.nanoTime() < end) {
            int kind = random.nextInt(40);
            int[] prompt = java.util.Arrays.copyOf(story, story.length - kind % 9);
            var request = GenerateRequest.of(prompt, 5 + kind,
                    SamplingParams.defaults().withSeed(kind).withTemperature(0.8f))
                    .withSpeculation(random.nextBoolean() ? Speculation.promptLookup(4)
                            : Speculation.OFF)
                    .withHints(RequestHints.NONE.withClient("c" + kind % 3).withLane(kind % 2));
            List<TokenStream> streams = engine.submit(request, 1 + random.nextInt(3));
            asked += streams.size();
            boolean leaves = random.nextInt(5) == 0;
            for (TokenStream stream : streams) {
                if (leaves) {
                    stream.cancel();
                }
                Completion one = Completion.read(stream);
                if (!leaves) {
                    int key = kind * 8 + one.choice();
                    String first = answers.putIfAbsent(key, one.text());
                    assertTrue(first == null || first.equals(one.text()), "request " + key);
                }
            }
        }
        return asked;
    }
}
