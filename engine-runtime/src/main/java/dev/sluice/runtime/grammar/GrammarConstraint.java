package dev.sluice.runtime.grammar;

import dev.sluice.runtime.TokenConstraint;
import dev.sluice.runtime.TokenMask;
import java.util.function.Supplier;

/// A grammar as what a request's answer has to obey.
///
/// ```java
/// var trie = new VocabularyTrie(tokenizer, model.vocab());
/// Grammar grammar = Grammars.jsonSchema("{\"type\": \"integer\"}");
/// engine.submit(request.withConstraint(GrammarConstraint.of(grammar, trie)));
/// ```
public final class GrammarConstraint implements TokenConstraint {
    private final GrammarState state;

    private GrammarConstraint(GrammarState state) {
        this.state = state;
    }

    /// Makes a constraint for each choice of a request.
    public static Supplier<GrammarConstraint> of(Grammar grammar, VocabularyTrie trie) {
        return () -> new GrammarConstraint(new GrammarState(grammar, trie));
    }

    @Override
    public void mask(TokenMask into) {
        state.fill(into);
    }

    @Override
    public void accept(int tokenId) {
        if (!state.accept(tokenId)) {
            throw new IllegalStateException("token " + tokenId + " was not allowed");
        }
    }

    @Override
    public void rollback(int tokens) {
        state.rollback(tokens);
    }

    @Override
    public boolean mayEnd() {
        return state.canEnd();
    }
}
