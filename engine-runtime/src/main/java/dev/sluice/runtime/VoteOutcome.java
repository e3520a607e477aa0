package dev.sluice.runtime;

/// Where a [Vote] stands. `votes` counts all that were started, `flagged` those thrown away.
public sealed interface VoteOutcome {
    record Open(int votes, int flagged) implements VoteOutcome { }

    /// `ballot` is the index of the first vote for the answer that won.
    record Decided(String answer, int ballot, int votes, int flagged) implements VoteOutcome { }

    /// The limit of votes came first; `leader` had the most until then, empty if none was valid.
    record Undecided(String leader, int lead, int votes, int flagged) implements VoteOutcome { }
}
