package dev.sluice.runtime;

/// Whether a request guesses its next tokens and has the model check them several at a time. The
/// answer is the same token for token; only the time changes. Immutable.
///
/// ```java
/// var quoting = request.withSpeculation(Speculation.promptLookup(8));
/// ```
///
/// @param source  where guesses come from
/// @param tokens  most tokens guessed at once
public record Speculation(Source source, int tokens) {
    /// More rows than this do not pay for themselves even when most of them are accepted.
    public static final int TOKENS_MAX = 16;

    public static final Speculation OFF = new Speculation(Source.OFF, 0);

    /// Where the guessed tokens come from.
    public enum Source {
        OFF,
        /// What followed the last tokens when they occurred before, in the prompt or the answer.
        PROMPT_LOOKUP,
        /// A smaller model with the same vocabulary, given to the engine at its start.
        DRAFT_MODEL
    }

    public Speculation {
        int least = source == Source.OFF ? 0 : 1;
        if (tokens < least || tokens > (least == 0 ? 0 : TOKENS_MAX)) {
            throw new IllegalArgumentException("tokens=" + tokens + ", allowed: 1 to "
                    + TOKENS_MAX + ", or 0 for " + Source.OFF);
        }
    }

    public static Speculation promptLookup(int tokens) {
        return new Speculation(Source.PROMPT_LOOKUP, tokens);
    }

    public static Speculation draftModel(int tokens) {
        return new Speculation(Source.DRAFT_MODEL, tokens);
    }
}
