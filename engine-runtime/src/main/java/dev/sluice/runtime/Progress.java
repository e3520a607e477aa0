package dev.sluice.runtime;

/// What a generation has cost so far, for its [Usage]. Engine thread only.
final class Progress {
    /// Weight of the last step in the share of right guesses: about ten steps are remembered.
    private static final double LEARNING = 0.1;
    /// Share of right guesses from which on all are made. Below, most rows would be for nothing.
    private static final double MOSTLY = 0.5;

    private final int promptTokens;
    private final long submittedNanos;
    private long startedNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;
    private boolean started;
    private int cachedTokens;
    private int drawn;
    private int preemptions;
    private int guessed;
    private int accepted;
    private long engineNanos;
    private double rightOfLate = 1;

    Progress(int promptTokens, long submittedNanos) {
        this.promptTokens = promptTokens;
        this.submittedNanos = submittedNanos;
        startedNanos = submittedNanos;
    }

    /// Notes the first step, and how much of the prompt was there already. Later starts, after a
    /// preemption, count for nothing.
    void start(long now, int cached) {
        if (!started) {
            started = true;
            startedNanos = now;
            cachedTokens = Math.min(cached, promptTokens);
        }
    }

    void drawn(long now) {
        drawn++;
        lastTokenNanos = now;
        if (drawn == 1) {
            firstTokenNanos = now;
        }
    }

    /// A step took so long, and some of its rows were this generation's.
    void ran(long nanos, int rows, int allRows) {
        engineNanos += nanos * rows / allRows;
    }

    /// Of the prompt, once it has started.
    int cachedTokens() { return cachedTokens; }

    /// Tokens drawn.
    int drawn() { return drawn; }

    void preempted() { preemptions++; }

    void guessed(int tokens, int right) {
        guessed += tokens;
        accepted += right;
        rightOfLate += LEARNING * ((double) right / tokens - rightOfLate);
    }

    /// How many of `wanted` tokens to guess next: all while guesses are mostly right, fewer when
    /// they are not, but at least one, so that a text which begins to repeat itself is noticed.
    int guessesWorth(int wanted) {
        return rightOfLate >= MOSTLY ? wanted
                : Math.max(1, (int) (wanted * rightOfLate / MOSTLY));
    }

    Usage usage() {
        long prefill = drawn > 0 ? firstTokenNanos - startedNanos : 0;
        return new Usage(promptTokens, cachedTokens, drawn, startedNanos - submittedNanos, prefill,
                lastTokenNanos - firstTokenNanos, preemptions, guessed, accepted, engineNanos);
    }
}
