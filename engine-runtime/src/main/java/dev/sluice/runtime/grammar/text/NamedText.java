package dev.sluice.runtime.grammar.text;

import java.math.BigInteger;

/// A place in a text of a labelled automaton of which only some labels may still be reached: a
/// property name of an object that has others already.
///
/// @param reach   per state, the labels that can be reached from it, a bit each
/// @param wanted  the labels that may be
public record NamedText(TextDfa dfa, LabelReach reach, int state, BigInteger wanted)
        implements TextState {

    /// The beginning, or [TextState#NONE] when no wanted label can be reached.
    public static TextState start(TextDfa dfa, LabelReach reach, BigInteger wanted) {
        return dfa.isEmpty() ? NONE : new NamedText(dfa, reach, 0, wanted).or(0);
    }

    private TextState or(int next) {
        return next != TextDfa.DEAD && reach.anyOf(next, wanted)
                ? new NamedText(dfa, reach, next, wanted) : NONE;
    }

    @Override
    public TextState next(int codePoint) {
        return or(dfa.next(state, codePoint));
    }

    @Override
    public boolean anyNext(int low, int high) {
        int[] starts = dfa.starts(state);
        int[] targets = dfa.targets(state);
        for (int i = 0; i < starts.length && starts[i] <= high; i++) {
            int end = i + 1 < starts.length ? starts[i + 1] : CodePoints.MAX + 1;
            if (end > low && targets[i] != TextDfa.DEAD && reach.anyOf(targets[i], wanted)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int label() {
        int label = dfa.label(state);
        return label >= 0 && wanted.testBit(label) ? label : TextDfa.NO_LABEL;
    }

    @Override
    public boolean isUniform(int low) { return dfa.isUniform(state, low); }

    @Override
    public int freeText() {
        return dfa.takesAnything(state) ? Integer.MAX_VALUE : 0;
    }

    @Override
    public TextState sameMask(int characters) { return this; }
}
