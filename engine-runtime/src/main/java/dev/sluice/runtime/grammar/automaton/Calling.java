package dev.sluice.runtime.grammar.automaton;

import java.util.ArrayList;
import java.util.List;

/// A place before a rule, outside of any JSON.
///
/// @param optional  whether the rule may be empty, so that what follows it may come at once
public record Calling(Rule rule, Position after, boolean optional) implements Position {

    public static Calling of(Rule rule, Position after) {
        return new Calling(rule, after, false);
    }

    @Override
    public Position step(int b) {
        return optional ? after.step(b) : Nowhere.NOWHERE;
    }

    @Override
    public Position stepToken(int tokenId) {
        return optional ? after.stepToken(tokenId) : Nowhere.NOWHERE;
    }

    @Override
    public boolean accepts() { return optional && after.accepts(); }

    @Override
    public List<Call> calls() {
        var calls = new ArrayList<Call>();
        calls.add(new Call(rule, after));
        if (optional) {
            calls.addAll(after.calls());
        }
        return calls;
    }

    @Override
    public boolean outsideJson() { return true; }
}
