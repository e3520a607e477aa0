package dev.sluice.runtime.grammar.schema;

/// A test that must hold, or must not.
record Literal(Term term, boolean positive) {
    static final Literal TRUE = new Literal(new Term.Anything(), true);
    static final Literal FALSE = new Literal(new Term.Anything(), false);

    static Literal of(Term term) {
        return new Literal(term, true);
    }

    static Literal not(Term term) {
        return new Literal(term, false);
    }

    static Literal exactly(Object normalValue) {
        return of(new Term.Exactly(normalValue));
    }

    Literal negated() {
        return new Literal(term, !positive);
    }

    /// Whether every value passes.
    boolean isTrue() {
        return switch (term) {
            case Term.Anything _ -> positive;
            case Term.Exactly _ -> false;
            case SchemaNode node -> positive ? node.isTrue() : node.isFalse();
        };
    }

    /// Whether no value passes.
    boolean isFalse() {
        return negated().isTrue();
    }
}
