package dev.sluice.runtime;

/// How one vote ended.
public sealed interface Ballot {
    /// Tokens that were decoded for it.
    int tokens();

    /// The model ended its answer by itself.
    record Answered(String text, int tokens) implements Ballot { }

    /// The answer reached the token limit: a red flag, whatever it says.
    record Cut(int tokens) implements Ballot { }
}
