package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.text.PatternAt;
import java.util.List;
import java.util.function.Predicate;

/// A value that is known by its spellings.
record SpelledShape(PatternAt first) implements Shape {

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) { return first.isPossible(); }

    @Override
    public List<Conjunction> parts() { return List.of(); }

    @Override
    public Position start(Values values) { return first; }
}
