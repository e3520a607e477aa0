package dev.sluice.runtime.grammar.text;

import java.util.Arrays;

/// A deterministic automaton over code points. Each state has ranges of code points with the state
/// they lead to, and a label: what kind of text ends there. From every state some labelled state
/// can be reached; what could not is left out. State 0 is the start. Immutable.
public final class TextDfa {
    public static final int DEAD = -1;
    /// The label of a state where no text ends.
    public static final int NO_LABEL = -1;

    /// Any text, labelled 0.
    public static final TextDfa ANYTHING =
            new TextDfa(new int[][] {{0}}, new int[][] {{0}}, new int[] {0});

    /// Per state: where ranges begin, ascending from 0, and where each leads.
    private final int[][] starts;
    private final int[][] targets;
    private final int[] labels;

    TextDfa(int[][] starts, int[][] targets, int[] labels) {
        this.starts = starts;
        this.targets = targets;
        this.labels = labels;
    }

    public int size() { return labels.length; }

    /// Whether no text at all has a label.
    public boolean isEmpty() { return labels.length == 0; }

    public int label(int state) { return labels[state]; }

    int[] starts(int state) { return starts[state]; }

    int[] targets(int state) { return targets[state]; }

    public int next(int state, int codePoint) {
        return targets[state][range(state, codePoint)];
    }

    /// Whether some code point from `low` to `high` leads on.
    public boolean anyNext(int state, int low, int high) {
        int[] from = starts[state];
        for (int i = range(state, low); i < from.length && from[i] <= high; i++) {
            if (targets[state][i] != DEAD) {
                return true;
            }
        }
        return false;
    }

    /// Whether every text may follow a state and leads back to it.
    public boolean takesAnything(int state) {
        return targets[state].length == 1 && targets[state][0] == state;
    }

    /// Whether all code points from `low` on lead to one state.
    boolean isUniform(int state, int low) {
        return range(state, low) == targets[state].length - 1;
    }

    /// The label of a text, or [#NO_LABEL].
    public int labelOf(String text) {
        if (isEmpty()) {
            return NO_LABEL;
        }
        int state = 0;
        int at = 0;
        while (at < text.length() && state != DEAD) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            state = next(state, c);
        }
        return state == DEAD ? NO_LABEL : labels[state];
    }

    /// The fewest code points from each state to a label.
    int[] distances() {
        int[] distances = new int[size()];
        Arrays.fill(distances, Integer.MAX_VALUE / 2);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int state = 0; state < size(); state++) {
                int best = labels[state] != NO_LABEL ? 0 : distances[state];
                for (int target : targets[state]) {
                    best = target == DEAD ? best : Math.min(best, distances[target] + 1);
                }
                changed |= best != distances[state];
                distances[state] = best;
            }
        }
        return distances;
    }

    private int range(int state, int codePoint) {
        int found = Arrays.binarySearch(starts[state], codePoint);
        return found >= 0 ? found : -found - 2;
    }
}
