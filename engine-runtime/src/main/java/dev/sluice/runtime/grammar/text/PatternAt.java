package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A place in a regular expression or in the body of a grammar's rule, in plain UTF-8.
public record PatternAt(NodeSets sets, NodeSet at, Utf8Prefix character) implements Position {

    /// The beginning of an expression that must match the whole text.
    public static PatternAt start(Expression expression, Budget budget,
            Set<dev.sluice.runtime.grammar.automaton.Rule> nullable) {
        var sets = new NodeSets(Nfa.of(expression, budget, nullable));
        return new PatternAt(sets, sets.start(), Utf8Prefix.NONE);
    }

    /// Whether any text matches.
    public boolean isPossible() { return !at.isEmpty(); }

    @Override
    public Position step(int b) {
        Utf8Prefix next = character.step(b);
        if (next.isBroken()) {
            return Nowhere.NOWHERE;
        }
        if (!next.isWhole()) {
            boolean some = sets.anyNext(at, next.low(), next.high());
            return some ? new PatternAt(sets, at, next) : Nowhere.NOWHERE;
        }
        NodeSet after = sets.next(at, next.bits());
        return after.isEmpty() ? Nowhere.NOWHERE : new PatternAt(sets, after, Utf8Prefix.NONE);
    }

    @Override
    public boolean accepts() {
        return character.isWhole() && sets.accepts(at);
    }

    @Override
    public List<Call> calls() {
        var calls = new ArrayList<Call>();
        if (character.isWhole()) {
            for (NodeSets.CallTo call : sets.calls(at)) {
                var after = new PatternAt(sets, call.after(), Utf8Prefix.NONE);
                calls.add(new Call(sets.nfa().rule(call.node()), after));
            }
        }
        return calls;
    }
}
