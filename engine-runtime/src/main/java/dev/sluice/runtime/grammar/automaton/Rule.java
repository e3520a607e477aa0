package dev.sluice.runtime.grammar.automaton;

import java.util.List;

/// A named part of a grammar: alternative positions at which its text may begin. Rules refer to
/// each other in circles, so the entries come after the rule. Equal by identity; immutable once
/// [#entries(List)] was called.
public final class Rule {
    private final String name;
    private List<Position> entries = List.of();

    public Rule(String name) {
        this.name = name;
    }

    public List<Position> entries() { return entries; }

    public void entries(List<? extends Position> alternatives) {
        entries = List.copyOf(alternatives);
    }

    @Override
    public String toString() { return name; }
}
