package dev.sluice.runtime;

/// The state of an engine at one moment, and what it has done since its start. Immutable.
///
/// ```java
/// EngineStats stats = engine.stats();
/// System.out.printf("%d running, %d waiting, %.1f tokens/s%n",
///         stats.running(), stats.waiting(), stats.tokensPerSecond());
/// ```
///
/// @param running          generations that had rows in the last step and go on
/// @param waiting          accepted ones without
/// @param pages            of the KV pool, all groups together
/// @param freePages        of those, not used and not kept for reuse
/// @param lockedPages      of those, that open requests have
/// @param steps            forward passes
/// @param rows             rows of all steps
/// @param completionTokens drawn
/// @param queriedTokens    prompt tokens that were looked up in the cache
/// @param hitTokens        of those, found
/// @param preemptions      how often someone had to give its pages up
/// @param guessedTokens    tokens that speculation had checked
/// @param acceptedTokens   of those, right
/// @param stepNanos        of all steps together
/// @param modelNanos       of those, in the model
public record EngineStats(int running, int waiting, long pages, long freePages,
        long lockedPages, long steps, long rows, long completionTokens, long queriedTokens,
        long hitTokens, long preemptions, long guessedTokens, long acceptedTokens, long stepNanos,
        long modelNanos) {

    /// Share of the steps' time that went into choosing, drawing and handing over.
    public double overhead() {
        return stepNanos > 0 ? 1 - (double) modelNanos / stepNanos : 0;
    }

    /// Tokens drawn per second of work; 0 before the first.
    public double tokensPerSecond() {
        return stepNanos > 0 ? completionTokens * 1e9 / stepNanos : 0;
    }
}
