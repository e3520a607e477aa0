package dev.sluice.runtime;

/// Asks one question until one answer is `k` votes ahead. Owned by the thread that reports to it.
public final class Vote {
    private final VoteSource source;

    /// @param votesMax votes that may be started in all, flagged ones included
    public Vote(FirstToAhead rule, RedFlags flags, int votesMax, VoteSource source) {
        this.source = source;
    }

    /// Starts the first votes.
    public VoteOutcome start() {
        source.start(0, 1);
        return new VoteOutcome.Open(1, 0);
    }

    /// One vote ended. May start more, and cancels the rest with the decision.
    public VoteOutcome report(int vote, Ballot ballot) {
        return outcome();
    }

    public VoteOutcome outcome() {
        return new VoteOutcome.Open(1, 0);
    }
}
