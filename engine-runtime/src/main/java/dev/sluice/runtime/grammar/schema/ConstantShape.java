package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import java.util.List;
import java.util.function.Predicate;

/// `null`, `true` or `false`.
record ConstantShape(String word) implements Shape {

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) { return true; }

    @Override
    public List<Conjunction> parts() { return List.of(); }

    @Override
    public Position start(Values values) { return new WordAt(word, 0); }

    /// A place in a word.
    record WordAt(String word, int at) implements Position {
        @Override
        public Position step(int b) {
            if (word.charAt(at) != b) {
                return Nowhere.NOWHERE;
            }
            return at + 1 == word.length() ? Done.DONE : new WordAt(word, at + 1);
        }

        @Override
        public boolean accepts() { return false; }
    }
}
