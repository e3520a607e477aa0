package dev.sluice.runtime;

import java.util.Optional;
import java.util.function.Function;

/// Which answers are thrown away unread: too long ones, and those without the wanted form. They
/// are asked anew and never repaired.
///
/// @param tokensMax longest answer that counts
/// @param form      what the answer says in a form that can be compared, empty for a malformed one
public record RedFlags(int tokensMax, Function<String, Optional<String>> form) {
    /// Any answer up to this length, compared without the white space around it.
    public static RedFlags longerThan(int tokensMax) {
        return new RedFlags(tokensMax, text -> Optional.of(text.strip()));
    }
}
