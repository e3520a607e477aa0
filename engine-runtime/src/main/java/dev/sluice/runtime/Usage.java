package dev.sluice.runtime;

/// What a request cost.
///
/// ```java
/// Usage usage = answer.finished().orElseThrow().usage();
/// System.out.printf("%d of %d prompt tokens were there already, %.1f tokens/s%n",
///         usage.cachedTokens(), usage.promptTokens(), usage.decodeTokensPerSecond());
/// ```
///
/// @param promptTokens     of the request
/// @param cachedTokens     of those, not computed for it because their keys and values were there
/// @param completionTokens drawn, the one that ended the generation included
/// @param queuedNanos      from submission to the first step
/// @param prefillNanos     from there to the first token
/// @param decodeNanos      from the first token to the last
/// @param preemptions      how often it had to give its pages to others
/// @param guessedTokens    tokens that speculation had checked
/// @param acceptedTokens   of those, the ones that were right
/// @param engineNanos      of the model's time in its steps, the share that its rows had of all
///                         rows: over all requests it adds up to the model's time
public record Usage(int promptTokens, int cachedTokens, int completionTokens, long queuedNanos,
        long prefillNanos, long decodeNanos, int preemptions, int guessedTokens,
        int acceptedTokens, long engineNanos) {

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
