package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import java.util.BitSet;

/// The texts of an automaton whose length in code points lies in bounds. A place is a state and a
/// count, and nothing is built per count: with at least `least` characters behind it a place is
/// alive if a shortest way to a label still fits, and for the first `least` characters a table says
/// from which states a text of a fitting length can be reached. Immutable.
public final class BoundedText {
    public static final int UNLIMITED = Integer.MAX_VALUE;

    private final TextDfa dfa;
    private final int least;
    private final int most;
    private final int[] distances;
    private final int farthest;
    /// By count below `least`: states from which the text can be completed.
    private final BitSet[] alive;

    private BoundedText(TextDfa dfa, int least, int most, Budget budget) {
        this.dfa = dfa;
        this.least = least;
        this.most = most;
        distances = dfa.distances();
        int far = 0;
        for (int distance : distances) {
            far = Math.max(far, distance);
        }
        farthest = far;
        boolean free = dfa.size() == 1 && dfa.takesAnything(0);
        alive = free ? new BitSet[0] : aliveBelow(budget);
    }

    /// The beginning, or [TextState#NONE] when there is no such text.
    public static TextState start(TextDfa dfa, int least, int most, Budget budget) {
        if (dfa.isEmpty() || least > most) {
            return TextState.NONE;
        }
        if (least == 0 && most == UNLIMITED) {
            return TextState.of(dfa);
        }
        var text = new BoundedText(dfa, least, most, budget);
        return text.at(0, 0);
    }

    private BitSet[] aliveBelow(Budget budget) {
        budget.spend(dfa.size());
        if (least > 1 << 20) {
            throw budget.rejected("a length of " + least + " together with a pattern");
        }
        BitSet[] table = new BitSet[least];
        var next = new BitSet();
        for (int state = 0; state < dfa.size(); state++) {
            next.set(state, distances[state] <= most - least);
        }
        for (int count = least - 1; count >= 0; count--) {
            budget.spend(dfa.size());
            table[count] = new BitSet();
            for (int state = 0; state < dfa.size(); state++) {
                boolean some = false;
                for (int target : dfa.targets(state)) {
                    some |= target != TextDfa.DEAD && next.get(target);
                }
                table[count].set(state, some);
            }
            next = table[count];
        }
        return table;
    }

    private TextState at(int state, int count) {
        return isAlive(state, count) ? new TextState.Counted(this, state, count) : TextState.NONE;
    }

    private boolean isAlive(int state, int count) {
        if (state == TextDfa.DEAD) {
            return false;
        }
        return count >= least ? distances[state] <= most - count
                : alive.length == 0 || alive[count].get(state);
    }

    /// Counting stops where nothing depends on the count any more.
    private int counted(int count) {
        return most == UNLIMITED ? Math.min(count + 1, least) : count + 1;
    }

    TextState next(int state, int count, int codePoint) {
        return at(dfa.next(state, codePoint), counted(count));
    }

    boolean anyNext(int state, int count, int low, int high) {
        int[] starts = dfa.starts(state);
        int[] targets = dfa.targets(state);
        for (int i = 0; i < starts.length && starts[i] <= high; i++) {
            int end = i + 1 < starts.length ? starts[i + 1] : CodePoints.MAX + 1;
            if (end > low && isAlive(targets[i], counted(count))) {
                return true;
            }
        }
        return false;
    }

    int label(int state, int count) {
        return count < least || count > most ? TextDfa.NO_LABEL : dfa.label(state);
    }

    boolean isUniform(int state, int low) { return dfa.isUniform(state, low); }

    int freeText(int state, int count) {
        return !dfa.takesAnything(state) ? 0 : most == UNLIMITED ? UNLIMITED : most - count;
    }

    TextState sameMask(TextState.Counted place, int characters) {
        int count = place.count();
        boolean farFromMost = most == UNLIMITED || most - count > characters + farthest;
        if (farFromMost && count >= least) {
            return new TextState.Counted(this, place.state(), least);
        }
        boolean farFromLeast = least - count > characters;
        return farFromMost && farFromLeast && alive.length == 0
                ? new TextState.Counted(this, place.state(), 0) : place;
    }
}
