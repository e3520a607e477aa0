package dev.sluice.runtime;

/// What a sequence may say next: a grammar, a list of allowed answers, a tool's schema. Made anew
/// for each choice of a request by [GenerateRequest#constraint]; engine thread only.
///
/// The engine masks with it before everything else in the sampler, so the draw is from the model's
/// distribution given that the token is allowed. A guessed continuation is tried on it with
/// [#accept] and taken back with [#rollback] before rows are spent on it.
///
/// ```java
/// final class Digits implements TokenConstraint {          // any number of digits
///     public void mask(TokenMask into) { for (int id : DIGITS) into.allow(id); }
///     public void accept(int tokenId) { count++; }
///     public void rollback(int tokens) { count -= tokens; }
///     public boolean mayEnd() { return count > 0; }
/// }
/// ```
public interface TokenConstraint {
    /// Allows everything.
    TokenConstraint FREE = new TokenConstraint() {
        @Override
        public void mask(TokenMask into) { into.allowAll(); }

        @Override
        public void accept(int tokenId) { }

        @Override
        public void rollback(int tokens) { }

        @Override
        public boolean mayEnd() { return true; }
    };

    /// Allows in `into`, which comes without any, the tokens that may be next. Tokens that end the
    /// generation are the engine's affair, by [#mayEnd].
    void mask(TokenMask into);

    /// Goes on behind a token that the mask allowed. A token that ends the generation is not told.
    void accept(int tokenId);

    /// Takes the last `tokens` calls of [#accept] back.
    void rollback(int tokens);

    /// Whether the text may end here.
    boolean mayEnd();
}
