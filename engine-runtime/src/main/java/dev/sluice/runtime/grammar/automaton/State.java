package dev.sluice.runtime.grammar.automaton;

/// A [Position] with a number and the successors found so far. Made by [StateTable] only.
///
/// Any thread. The successors are read without a lock: a reader that races with a writer sees
/// nothing or a state whose fields are final, and what is not there is computed again.
public final class State {
    final Position position;
    private final int id;
    private final boolean accepts;
    private final boolean dead;
    private final boolean last;
    private final int freeText;
    private final int callCount;
    private State[] successors;
    private Entry[] entries;

    /// A rule that may begin at a state: where, and where to go on after it.
    public record Entry(State start, State after) { }

    State(int id, Position position) {
        this.id = id;
        this.position = position;
        accepts = position.accepts();
        dead = position == Nowhere.NOWHERE;
        last = position == Done.DONE;
        freeText = position.freeText();
        callCount = position.calls().size();
    }

    public int id() { return id; }

    public Position position() { return position; }

    public boolean accepts() { return accepts; }

    public boolean isDead() { return dead; }

    /// Whether the rule ends here for certain, so that a caller need not come back.
    public boolean isLast() { return last; }

    public int freeText() { return freeText; }

    public boolean hasCalls() { return callCount > 0; }

    State knownSuccessor(int b) {
        State[] row = successors;
        return row == null ? null : row[b];
    }

    void successor(int b, State next) {
        if (successors == null) {
            successors = new State[256];
        }
        successors[b] = next;
    }

    Entry[] knownEntries() { return entries; }

    void entries(Entry[] found) {
        entries = found;
    }
}
