package dev.sluice.runtime;

/// Who casts the votes of a [Vote]: the engine forks one prompt, a test answers by itself. Called
/// on the thread that reports to the vote, from inside [Vote#start] and [Vote#report]; it must not
/// report from inside these calls.
public interface VoteSource {
    /// Starts the votes `first` to `first + count - 1`. Each is reported to the vote by its index.
    /// Vote 0 is the greedy one; the others draw with their index as choice.
    void start(int first, int count);

    /// Ends all votes that were started and not reported: no token is decoded for them any more.
    void cancel();
}
