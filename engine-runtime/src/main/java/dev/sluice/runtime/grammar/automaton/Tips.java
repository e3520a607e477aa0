package dev.sluice.runtime.grammar.automaton;

import dev.sluice.runtime.grammar.GrammarRejected;
import java.util.Arrays;

/// Where a text stands in a grammar: a set of (state, stack), one for each way to read the text
/// so far. Most texts have one. A reusable buffer; engine thread only.
///
///     step    state --b--> state'              same stack
///             state calls rule, after          push `after`, step from the rule's start
///             state accepts                    pop, step from there
public final class Tips {
    /// Ways to read one text. A grammar that needs more is ambiguous beyond use.
    private static final int LIMIT = 1024;

    private State[] states = new State[4];
    private Frame[] frames = new Frame[4];
    private int size;

    public int size() { return size; }

    public State state(int index) { return states[index]; }

    public Frame frame(int index) { return frames[index]; }

    public boolean isEmpty() { return size == 0; }

    public void clear() {
        size = 0;
    }

    public void add(State state, Frame frame) {
        for (int i = 0; i < size; i++) {
            if (states[i] == state && frames[i] == frame) {
                return;
            }
        }
        if (size == LIMIT) {
            throw new GrammarRejected("grammar", "", "more than " + LIMIT
                    + " ways to read the text so far");
        }
        if (size == states.length) {
            states = Arrays.copyOf(states, 2 * size);
            frames = Arrays.copyOf(frames, 2 * size);
        }
        states[size] = state;
        frames[size++] = frame;
    }

    public void copyFrom(Tips other) {
        clear();
        for (int i = 0; i < other.size; i++) {
            add(other.states[i], other.frames[i]);
        }
    }

    /// Becomes what `from` is after `symbol`, see [StateTable#step].
    public void step(StateTable table, Tips from, int symbol) {
        clear();
        for (int i = 0; i < from.size; i++) {
            State at = from.states[i];
            Frame on = from.frames[i];
            forward(table, at, on, symbol);
            // A state that accepts also goes on below, where its rule was called.
            while (at.accepts() && !on.isBottom()) {
                at = on.after();
                on = on.parent();
                forward(table, at, on, symbol);
            }
        }
    }

    private void forward(StateTable table, State state, Frame frame, int symbol) {
        State next = table.step(state, symbol);
        if (!next.isDead()) {
            add(next, frame);
        }
        if (state.hasCalls()) {
            for (State.Entry entry : table.entries(state)) {
                State after = entry.after();
                // Nothing follows the call: its rule ends where this one does.
                Frame below = after.isLast() ? frame : frame.push(after);
                forward(table, entry.start(), below, symbol);
            }
        }
    }

    /// Whether every rule begun may end here.
    public boolean canEnd() {
        for (int i = 0; i < size; i++) {
            if (reachesBottom(states[i], frames[i])) {
                return true;
            }
        }
        return false;
    }

    /// Whether a rule that began above the bottom frame may end here.
    public static boolean reachesBottom(State state, Frame frame) {
        State at = state;
        Frame on = frame;
        while (at.accepts() && !on.isBottom()) {
            at = on.after();
            on = on.parent();
        }
        return at.accepts() && on.isBottom();
    }

    /// Whether nothing but the end may follow.
    public boolean mustEnd() {
        for (int i = 0; i < size; i++) {
            if (!endsHere(states[i], frames[i])) {
                return false;
            }
        }
        return size > 0;
    }

    private static boolean endsHere(State state, Frame frame) {
        State at = state;
        Frame on = frame;
        while (at.isLast() && !on.isBottom()) {
            at = on.after();
            on = on.parent();
        }
        return at.isLast();
    }
}
