package dev.sluice.runtime.grammar.schema;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;

/// Tests that a value must pass all of. Equal sets are equal, in any order. Immutable.
record Conjunction(Set<Literal> literals) {
    /// Any value.
    static final Conjunction ANYTHING = new Conjunction(Set.of());
    /// No value.
    static final Conjunction NOTHING = new Conjunction(Set.of(Literal.FALSE));

    static Conjunction of(Collection<Literal> literals) {
        var kept = new LinkedHashSet<Literal>();
        for (Literal literal : literals) {
            if (literal.isFalse()) {
                return NOTHING;
            }
            if (!literal.isTrue()) {
                kept.add(literal);
            }
        }
        return new Conjunction(kept);
    }

    boolean isNothing() { return equals(NOTHING); }

    Conjunction and(Literal more) {
        var all = new LinkedHashSet<>(literals);
        all.add(more);
        return of(all);
    }
}
