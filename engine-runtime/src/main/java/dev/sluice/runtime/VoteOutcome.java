package dev.sluice.runtime;

/// Where a [Vote] stands.
public sealed interface VoteOutcome {
    /// Votes that were started, flagged and cancelled ones included.
    int votes();

    /// Votes that were thrown away.
    int flagged();

    record Open(int votes, int flagged) implements VoteOutcome { }

    /// `ballot` is the index of the first vote for the answer that won.
    record Decided(String answer, int ballot, int votes, int flagged) implements VoteOutcome { }

    /// The limit of votes came first; `leader` was ahead by `lead`, empty if no vote was valid.
    record Undecided(String leader, int lead, int votes, int flagged) implements VoteOutcome { }
}
