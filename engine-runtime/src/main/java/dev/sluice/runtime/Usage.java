package dev.sluice.runtime;

/// What a request cost.
///
/// @param promptTokens     of the request
/// @param cachedTokens     of those, not computed again because their keys and values were there
/// @param completionTokens drawn, the one that ended the generation included
/// @param queuedNanos      from submission to the first step
/// @param prefillNanos     from there to the first token
/// @param decodeNanos      from the first token to the last
public record Usage(int promptTokens, int cachedTokens, int completionTokens, long queuedNanos,
        long prefillNanos, long decodeNanos) {

    public long timeToFirstTokenNanos() {
        return queuedNanos + prefillNanos;
    }

    /// Prompt tokens computed per second; 0 when none were.
    public double prefillTokensPerSecond() {
        return perSecond(promptTokens - cachedTokens, prefillNanos);
    }

    /// Tokens per second after the first one; 0 when there was no second.
    public double decodeTokensPerSecond() {
        return perSecond(completionTokens - 1, decodeNanos);
    }

    private static double perSecond(int tokens, long nanos) {
        return tokens > 0 && nanos > 0 ? tokens * 1e9 / nanos : 0;
    }
}
