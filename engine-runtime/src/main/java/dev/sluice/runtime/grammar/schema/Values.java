package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Rule;

/// What is known of the values that meet a conjunction, once all of them are expanded.
interface Values {

    /// Whether there is one.
    boolean possible(Conjunction of);

    /// Their text.
    Rule rule(Conjunction of);

    /// Says that objects may have property names that only a ledger can tell apart.
    void watchKeys();
}
