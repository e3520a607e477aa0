package dev.sluice.runtime.grammar.automaton;

/// The position at which a rule ends and nothing of it can follow.
public enum Done implements Position {
    DONE;

    @Override
    public Position step(int b) { return Nowhere.NOWHERE; }

    @Override
    public boolean accepts() { return true; }
}
