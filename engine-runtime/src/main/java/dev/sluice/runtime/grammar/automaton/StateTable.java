package dev.sluice.runtime.grammar.automaton;

import dev.sluice.runtime.grammar.GrammarRejected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The states of one grammar that were met so far, shared by all sequences that use it. Any thread;
/// what is new is made under a lock, what is known is read without one.
public final class StateTable {
    /// A text that counts (maxLength, maxItems) makes a state per count, about 200 bytes each
    /// until a mask is computed from it.
    private static final int STATES_MAX = 1 << 18;

    /// The first symbol that is not a byte.
    public static final int TOKEN = 256;

    private final Map<Position, State> states = new HashMap<>();
    private final Map<Rule, List<State>> starts = new HashMap<>();
    private final State dead = state(Nowhere.NOWHERE);

    public synchronized State state(Position position) {
        State known = states.get(position);
        if (known != null) {
            return known;
        }
        if (states.size() >= STATES_MAX) {
            throw new GrammarRejected("grammar", "", "more than " + STATES_MAX
                    + " states in the text so far");
        }
        var made = new State(states.size(), position);
        states.put(position, made);
        return made;
    }

    /// The state after `symbol`: a byte, or [#TOKEN] plus the id of a token without bytes. What
    /// follows a byte is remembered.
    public State step(State from, int symbol) {
        if (symbol >= TOKEN) {
            Position next = from.position.stepToken(symbol - TOKEN);
            return next == Nowhere.NOWHERE ? dead : state(next);
        }
        State known = from.knownSuccessor(symbol);
        return known != null ? known : remember(from, symbol);
    }

    /// The rules that may begin at `from`, one entry for each alternative.
    public State.Entry[] entries(State from) {
        State.Entry[] known = from.knownEntries();
        return known != null ? known : rememberEntries(from);
    }

    public synchronized int size() { return states.size(); }

    private synchronized State remember(State from, int b) {
        Position next = from.position.step(b);
        State to = next == Nowhere.NOWHERE ? dead : state(next);
        from.successor(b, to);
        return to;
    }

    private synchronized State.Entry[] rememberEntries(State from) {
        var entries = new ArrayList<State.Entry>();
        for (Call call : from.position.calls()) {
            State after = state(call.after());
            for (State start : starts(call.rule())) {
                entries.add(new State.Entry(start, after));
            }
        }
        State.Entry[] found = entries.toArray(new State.Entry[0]);
        from.entries(found);
        return found;
    }

    private List<State> starts(Rule rule) {
        List<State> known = starts.get(rule);
        if (known == null) {
            known = new ArrayList<>();
            for (Position entry : rule.entries()) {
                known.add(state(entry));
            }
            starts.put(rule, known);
        }
        return known;
    }
}
