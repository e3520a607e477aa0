package dev.sluice.runtime.schedule;

import java.util.LinkedHashMap;

/// How many tokens an answer has, learnt from those that ended. Engine thread only.
///
/// Lengths are spread over orders of magnitude, so their logarithms are averaged (exponential
/// moving average). The most special average that has seen enough is asked: the program's calls of
/// this tool, the program, the client's calls of this tool, the client, everybody.
final class Lengths {
    /// Averages that are remembered; the one longest unused is forgotten.
    private static final int AVERAGES_MAX = 8192;
    /// One call of a program tells more about the next than any number of other programs'.
    private static final int PROGRAM_ENOUGH = 1;
    private static final int CLIENT_ENOUGH = 4;
    /// Where nothing is known: short, since an estimate that is overrun doubles.
    private static final int UNKNOWN = 64;

    private record Key(String client, String program, String tool) { }

    private static final class Average {
        private final double weight;
        private int count;
        private double value;

        Average(double weight) {
            this.weight = weight;
        }

        void add(double x) {
            count++;
            value += Math.max(weight, 1.0 / count) * (x - value);
        }
    }

    private final LinkedHashMap<Key, Average> averages = new LinkedHashMap<>(16, 0.75f, true);
    private final Average all = new Average(1.0 / 32);

    int estimate(JobHints hints, int tokensMax) {
        String client = hints.client();
        String program = hints.program();
        String tool = hints.expectedTool();
        Average best = all;
        best = better(best, client, "", "", CLIENT_ENOUGH);
        best = better(best, client, "", tool, CLIENT_ENOUGH);
        best = better(best, client, program, "", PROGRAM_ENOUGH);
        best = better(best, client, program, tool, PROGRAM_ENOUGH);
        double tokens = best.count == 0 ? UNKNOWN : Math.exp(best.value);
        return Math.clamp(Math.round(tokens), 1, tokensMax);
    }

    private Average better(Average known, String client, String program, String tool,
            int enough) {
        Average average = averages.get(new Key(client, program, tool));
        return average != null && average.count >= enough ? average : known;
    }

    void learn(JobHints hints, int tokens) {
        double x = Math.log(Math.max(1, tokens));
        String client = hints.client();
        String program = hints.program();
        String tool = hints.expectedTool();
        all.add(x);
        average(client, "", "", 1.0 / 32).add(x);
        if (!tool.isEmpty()) {
            average(client, "", tool, 1.0 / 8).add(x);
        }
        if (!program.isEmpty()) {
            average(client, program, "", 1.0 / 2).add(x);
        }
        if (!program.isEmpty() && !tool.isEmpty()) {
            average(client, program, tool, 1.0 / 2).add(x);
        }
        while (averages.size() > AVERAGES_MAX) {
            averages.pollFirstEntry();
        }
    }

    private Average average(String client, String program, String tool, double weight) {
        return averages.computeIfAbsent(new Key(client, program, tool),
                _ -> new Average(weight));
    }
}
