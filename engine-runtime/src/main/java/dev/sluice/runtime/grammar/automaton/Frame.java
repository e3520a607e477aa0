package dev.sluice.runtime.grammar.automaton;

/// Where to go on when the rules begun so far end: a stack whose nodes are shared by all that
/// stand on them, so a copy costs nothing.
///
/// A frame remembers the frames pushed on it. Equal stacks are therefore the same object, and a
/// push that was made before allocates nothing. Belongs to one sequence and its copies; engine
/// thread only.
public final class Frame {
    private static final Frame[] NONE = {};

    private final State after;
    private final Frame parent;
    private Frame[] pushed = NONE;
    private int pushedCount;

    private Frame(State after, Frame parent) {
        this.after = after;
        this.parent = parent;
    }

    /// The bottom of a stack.
    public static Frame bottom() {
        return new Frame(null, null);
    }

    public boolean isBottom() { return parent == null; }

    public State after() { return after; }

    public Frame parent() { return parent; }

    /// This stack with `state` on it.
    public Frame push(State state) {
        if (2 * pushedCount >= pushed.length) {
            grow();
        }
        int at = slot(pushed, state);
        if (pushed[at] == null) {
            pushed[at] = new Frame(state, this);
            pushedCount++;
        }
        return pushed[at];
    }

    private void grow() {
        Frame[] larger = new Frame[Math.max(4, 2 * pushed.length)];
        for (Frame frame : pushed) {
            if (frame != null) {
                larger[slot(larger, frame.after)] = frame;
            }
        }
        pushed = larger;
    }

    private static int slot(Frame[] table, State state) {
        int at = state.id() * 0x9E3779B1 >>> 16 & table.length - 1;
        while (table[at] != null && table[at].after != state) {
            at = at + 1 & table.length - 1;
        }
        return at;
    }
}
