package dev.sluice.runtime.grammar.automaton;

import dev.sluice.runtime.grammar.GrammarRejected;

/// What the compilation of one grammar may use up. Hostile input (nested repeats, exponential
/// unions, a megabyte of schema) ends here in a [GrammarRejected] instead of in a full heap. One
/// thread.
public final class Budget {
    /// Steps of work, each a few hundred bytes or nanoseconds at most: half a second in all.
    private static final int STEPS = 2_000_000;

    private int left = STEPS;
    private String keyword = "grammar";
    private String path = "";

    /// Says for what is being spent, for the message.
    public void on(String what, String where) {
        keyword = what;
        path = where;
    }

    public void spend(int steps) {
        left -= steps;
        if (left < 0 || steps < 0) {
            throw rejected("too large: its automaton needs more than " + STEPS + " steps");
        }
    }

    /// A rejection that names what is being compiled.
    public GrammarRejected rejected(String reason) {
        return new GrammarRejected(keyword, path, reason);
    }
}
