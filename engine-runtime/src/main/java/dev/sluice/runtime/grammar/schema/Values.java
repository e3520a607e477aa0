package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import java.util.List;
import java.util.function.Predicate;

/// What is known of the values that meet a conjunction, once all of them are expanded.
interface Values {

    /// Whether there is one.
    boolean possible(Conjunction of);

    /// Their text.
    Rule rule(Conjunction of);

    /// The ways in which it is built.
    List<Shape> shapes(Conjunction of);

    /// Where its text begins, for those of its possible shapes that are wanted.
    List<Position> starts(Conjunction of, Predicate<Shape> wanted);

    /// How the values are written.
    Notation notation();

    /// Says that objects may have property names that only a ledger can tell apart.
    void watchKeys();
}
