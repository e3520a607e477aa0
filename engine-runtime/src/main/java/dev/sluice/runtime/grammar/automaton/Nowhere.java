package dev.sluice.runtime.grammar.automaton;

/// The position after a byte that may not come.
public enum Nowhere implements Position {
    NOWHERE;

    @Override
    public Position step(int b) { return NOWHERE; }

    @Override
    public boolean accepts() { return false; }
}
