package dev.sluice.runtime.grammar.text;

/// A place in a text of which only certain texts are allowed; from each place but [#NONE] one of
/// them can be reached. Immutable, equal by value.
public sealed interface TextState
        permits TextState.Nothing, TextState.InDfa, TextState.Counted, NamedText {

    TextState next(int codePoint);

    /// Whether some code point from `low` to `high` leads on.
    boolean anyNext(int low, int high);

    /// What kind of text this is if it ends here, or [TextDfa#NO_LABEL].
    int label();

    /// Whether all code points from `low` on lead to one place.
    boolean isUniform(int low);

    /// As for a position in a grammar.
    int freeText();

    /// As for a position in a grammar.
    TextState sameMask(int characters);

    TextState NONE = new Nothing();

    /// The beginning of a text of `dfa`, which is not empty.
    static TextState of(TextDfa dfa) {
        return new InDfa(dfa, 0);
    }

    /// No text is possible any more.
    record Nothing() implements TextState {
        @Override
        public TextState next(int codePoint) { return this; }

        @Override
        public boolean anyNext(int low, int high) { return false; }

        @Override
        public int label() { return TextDfa.NO_LABEL; }

        @Override
        public boolean isUniform(int low) { return true; }

        @Override
        public int freeText() { return 0; }

        @Override
        public TextState sameMask(int characters) { return this; }
    }

    /// A state of an automaton.
    record InDfa(TextDfa dfa, int state) implements TextState {
        @Override
        public TextState next(int codePoint) {
            int next = dfa.next(state, codePoint);
            return next == TextDfa.DEAD ? NONE : new InDfa(dfa, next);
        }

        @Override
        public boolean anyNext(int low, int high) { return dfa.anyNext(state, low, high); }

        @Override
        public int label() { return dfa.label(state); }

        @Override
        public boolean isUniform(int low) { return dfa.isUniform(state, low); }

        @Override
        public int freeText() { return dfa.takesAnything(state) ? Integer.MAX_VALUE : 0; }

        @Override
        public TextState sameMask(int characters) { return this; }
    }

    /// A state of an automaton after `count` characters of a text whose length is bounded.
    record Counted(BoundedText text, int state, int count) implements TextState {
        @Override
        public TextState next(int codePoint) { return text.next(state, count, codePoint); }

        @Override
        public boolean anyNext(int low, int high) { return text.anyNext(state, count, low, high); }

        @Override
        public int label() { return text.label(state, count); }

        @Override
        public boolean isUniform(int low) { return text.isUniform(state, low); }

        @Override
        public int freeText() { return text.freeText(state, count); }

        @Override
        public TextState sameMask(int characters) {
            return text.sameMask(this, characters);
        }
    }
}
