package dev.sluice.benchmarks;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.StepTurns;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;

/// Time to the first token of a small model beside a saturated one in the same process: alone,
/// with both taking turns, and with both running whenever they want. Arguments: the small model,
/// the other, prompt tokens, rounds.
public final class SharesTiming {
    private static final int STREAMS = 16;
    private static final int CONTEXT = 1024;
    private static final long SHARED_STEP_NANOS = 50_000_000;

    private final Random random = new Random(1);
    private final Path small;
    private final Path large;
    private final int promptTokens;
    private final int rounds;

    private SharesTiming(String[] args) {
        small = Path.of(args[0]);
        large = Path.of(args[1]);
        promptTokens = Integer.parseInt(args[2]);
        rounds = Integer.parseInt(args[3]);
    }

    public static void main(String[] args) throws InterruptedException {
        new SharesTiming(args).run();
    }

    private void run() throws InterruptedException {
        for (boolean turns : new boolean[] {true, false, true, false}) {
            var shared = new StepTurns();
            EngineOptions options = EngineOptions.defaults().withStepNanos(SHARED_STEP_NANOS);
            try (Engine asked = open(small, turns ? options.withTurns(shared, 1) : options);
                    Engine busy = open(large, turns ? options.withTurns(shared, 1) : options)) {
                firstToken(asked);
                firstToken(asked);
                double alone = median(asked);
                var stop = new AtomicBoolean();
                List<Thread> load = saturate(busy, stop);
                Thread.sleep(2000);
                double beside = median(asked);
                stop.set(true);
                for (Thread each : load) {
                    each.join();
                }
                System.out.printf("%-5s  idle %7.1f ms  beside %d busy streams %7.1f ms  %.2fx%n",
                        turns ? "turns" : "free", alone, STREAMS, beside, beside / alone);
            }
        }
    }

    private static Engine open(Path path, EngineOptions options) {
        LoadedModel model = LoadedModel.open(path, Kernels.open("vector",
                BackendOptions.defaults()), new LoadOptions(DType.F16, CONTEXT, STREAMS, 512),
                _ -> { });
        return new Engine(model.lm(), model.texts().tokenizer(), options);
    }

    private List<Thread> saturate(Engine engine, AtomicBoolean stop) {
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < STREAMS; i++) {
            int seed = i;
            threads.add(Thread.ofVirtual().start(() -> {
                var mine = new Random(seed);
                while (!stop.get()) {
                    drain(engine.submit(request(mine, 200, 100)));
                }
            }));
        }
        return threads;
    }

    private static GenerateRequest request(Random random, int prompt, int tokens) {
        return GenerateRequest.of(random.ints(prompt, 300, 1000).toArray(), tokens,
                SamplingParams.defaults().withSeed(random.nextInt()).withIgnoreEos(true));
    }

    private static void drain(TokenStream stream) {
        try {
            while (stream.take() instanceof TokenEvent.Token) {
                continue;
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private double median(Engine engine) throws InterruptedException {
        double[] millis = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            millis[i] = firstToken(engine);
            Thread.sleep(random.nextInt(50));
        }
        Arrays.sort(millis);
        return millis[rounds / 2];
    }

    private double firstToken(Engine engine) throws InterruptedException {
        long begin = System.nanoTime();
        TokenStream stream = engine.submit(request(random, promptTokens, 8));
        stream.take();
        double millis = (System.nanoTime() - begin) / 1e6;
        drain(stream);
        return millis;
    }
}
