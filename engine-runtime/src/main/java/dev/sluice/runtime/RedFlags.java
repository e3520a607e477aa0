package dev.sluice.runtime;

import java.util.Optional;
import java.util.function.Function;

/// Which answers are thrown away unread: too long ones, and those without the wanted form. A
/// confused answer betrays itself by both more often than by its content (MAKER, arXiv 2511.09030,
/// section on red flags). They are asked anew and never repaired. Immutable.
///
/// @param tokensMax longest answer that counts
/// @param form      what the answer says in a form that can be compared, empty for a malformed one
public record RedFlags(int tokensMax, Function<String, Optional<String>> form) {
    public RedFlags {
        if (tokensMax < 1) {
            throw new IllegalArgumentException(
                    "tokensMax=" + tokensMax + ", allowed: at least 1");
        }
    }

    /// Any answer up to this length, compared without the white space around it.
    public static RedFlags longerThan(int tokensMax) {
        return new RedFlags(tokensMax, text -> Optional.of(text.strip()));
    }

    /// What the ballot votes for, empty if it is flagged.
    public Optional<String> read(Ballot ballot) {
        return switch (ballot) {
            case Ballot.Answered(String text, int tokens) when tokens <= tokensMax ->
                    form.apply(text);
            case Ballot.Answered _, Ballot.Cut _ -> Optional.empty();
        };
    }
}
