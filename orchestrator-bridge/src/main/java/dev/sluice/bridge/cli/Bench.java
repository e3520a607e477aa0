package dev.sluice.bridge.cli;

import java.util.Arrays;
import java.util.Random;

/// Times prefill and decode. Token ids are random, which costs a dense model nothing and spreads
/// an expert model's tokens over its experts.
final class Bench {
    private final TokenRows rows;
    private final int vocab;
    private final double warmUpSeconds;
    private final int repetitions;
    private final Random random = new Random(1);

    Bench(TokenRows rows, int vocab, double warmUpSeconds, int repetitions) {
        this.rows = rows;
        this.vocab = vocab;
        this.warmUpSeconds = warmUpSeconds;
        this.repetitions = repetitions;
    }

    /// Prompt tokens per second of each timed run.
    double[] prefill(int tokens) {
        int[] prompt = tokens(tokens);
        return rates(tokens, () -> rows.prefill(prompt));
    }

    /// Decoded tokens per second of each timed run, all sequences together.
    double[] decode(int sequences, int tokens) {
        return rates(sequences * tokens, () -> {
            for (int position = 0; position < tokens; position++) {
                rows.decode(tokens(sequences), sequences, position);
            }
        });
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

    private int[] tokens(int count) {
        return random.ints(count, 0, vocab).toArray();
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle]
                : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
