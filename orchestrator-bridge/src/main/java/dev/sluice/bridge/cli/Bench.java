package dev.sluice.bridge.cli;

import dev.sluice.runtime.Engine;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Times prefill and decode as an embedding program gets them: requests to the engine, with a real
/// sampler. Prompts are random tokens, so none is in the cache, and an expert model's tokens are
/// spread over its experts.
final class Bench {
    private static final SamplingParams SAMPLING = SamplingParams.defaults().withSeed(1)
            .withTemperature(0.7f).withTopP(0.9f).withIgnoreEos(true);

    private final Engine engine;
    private final int vocab;
    private final double warmUpSeconds;
    private final int repetitions;
    private final Random random = new Random(1);

    Bench(Engine engine, int vocab, double warmUpSeconds, int repetitions) {
        this.engine = engine;
        this.vocab = vocab;
        this.warmUpSeconds = warmUpSeconds;
        this.repetitions = repetitions;
    }

    /// Prompt tokens per second of each timed run, up to the first token of the answer.
    double[] prefill(int tokens) {
        return rates(tokens, () -> run(1, tokens, 1));
    }

    /// Decoded tokens per second of each timed run, all sequences together, from a prompt of one
    /// token.
    double[] decode(int sequences, int tokens) {
        return rates(sequences * tokens, () -> run(sequences, 1, tokens));
    }

    private void run(int sequences, int promptTokens, int tokens) {
        List<TokenStream> streams = new ArrayList<>();
        for (int i = 0; i < sequences; i++) {
            int[] prompt = random.ints(promptTokens, 0, vocab).toArray();
            streams.add(engine.submit(
                    GenerateRequest.of(prompt, tokens, SAMPLING.withSeed(i))));
        }
        for (TokenStream stream : streams) {
            readToEnd(stream);
        }
    }

    private static void readToEnd(TokenStream stream) {
        boolean more = true;
        while (more) {
            try {
                more = switch (stream.take()) {
                    case TokenEvent.Token _ -> true;
                    case TokenEvent.Finished _ -> false;
                    case TokenEvent.Failed(var _, String message) ->
                            throw new CommandFailedException(message);
                };
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailedException("interrupted");
            }
        }
    }

    private double[] rates(int tokens, Runnable run) {
        long begin = System.nanoTime();
        do {
            run.run();
        } while (System.nanoTime() - begin < warmUpSeconds * 1e9);
        var rates = new double[repetitions];
        for (int i = 0; i < repetitions; i++) {
            long start = System.nanoTime();
            run.run();
            rates[i] = tokens * 1e9 / (System.nanoTime() - start);
        }
        return rates;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle]
                : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
