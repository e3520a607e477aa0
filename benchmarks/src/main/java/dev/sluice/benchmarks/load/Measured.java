package dev.sluice.benchmarks.load;

/// One request as its client saw it. Times are nanoseconds of one clock.
///
/// @param plannedNanos when it was due: all latencies count from here, so that a generator or a
///                     server that is late does not hide what waiting costs
/// @param chunkNanos   when each piece of text came
/// @param endNanos     when the answer was complete, or failed
/// @param promptTokens as the server says; 0 if it does not
/// @param cachedTokens of those, not computed again; 0 if it does not say
/// @param tokens       of the answer, as the server says, or its pieces
/// @param error        empty for a whole answer; else its kind
record Measured(long plannedNanos, long[] chunkNanos, long endNanos, int promptTokens,
        int cachedTokens, int tokens, String error) {

    boolean whole() { return error.isEmpty(); }

    long firstNanos() { return chunkNanos[0] - plannedNanos; }

    long endToEndNanos() { return endNanos - plannedNanos; }

    /// Mean time per token after the first piece.
    double perTokenNanos() {
        int after = Math.max(1, tokens - 1);
        return (double) (chunkNanos[chunkNanos.length - 1] - chunkNanos[0]) / after;
    }

    static Measured failed(long plannedNanos, long endNanos, String error) {
        return new Measured(plannedNanos, new long[0], endNanos, 0, 0, 0, error);
    }
}
