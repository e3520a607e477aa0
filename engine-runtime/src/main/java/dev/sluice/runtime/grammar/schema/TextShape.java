package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.text.BoundedText;
import dev.sluice.runtime.grammar.text.ClosedText;
import dev.sluice.runtime.grammar.text.CodePoints;
import dev.sluice.runtime.grammar.text.Expression;
import dev.sluice.runtime.grammar.text.JsonSpelling;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import dev.sluice.runtime.grammar.text.TextState;
import java.util.List;
import java.util.function.Predicate;

/// Strings: the texts of an automaton whose length in code points lies in bounds.
record TextShape(TextDfa dfa, int least, int most, TextState text) implements Shape {

    static TextShape of(TextDfa dfa, int least, int most, Budget budget) {
        return new TextShape(dfa, least, most, BoundedText.start(dfa, least, most, budget));
    }

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) {
        return text != TextState.NONE;
    }

    @Override
    public List<Conjunction> parts() { return List.of(); }

    @Override
    public Position start(Values values) {
        return values.notation().quote().isEmpty() ? new StringStart(text)
                : Fixed.of(values.notation().quote().get(),
                        ClosedText.start(text, values.notation().quote().get()));
    }

    /// The same texts without a counter.
    TextDfa uncounted(Budget budget) {
        if (least == 0 && most == BoundedText.UNLIMITED) {
            return dfa;
        }
        var any = new Expression.Characters(CodePoints.ALL);
        TextDfa length = TextDfas.of(new Expression.Repeat(any, least, most), budget);
        return TextDfas.product(List.of(dfa, length),
                labels -> labels[0] >= 0 && labels[1] >= 0 ? 0 : TextDfa.NO_LABEL, budget);
    }

    /// Before the opening quote.
    record StringStart(TextState text) implements Position {
        @Override
        public Position step(int b) {
            return b == '"' ? new StringAt(JsonSpelling.start(text)) : Nowhere.NOWHERE;
        }

        @Override
        public boolean accepts() { return false; }
    }

    /// Between the quotes.
    record StringAt(JsonSpelling spelling) implements Position {
        @Override
        public Position step(int b) {
            if (b == '"' && spelling.isWhole()) {
                return spelling.text().label() >= 0 ? Done.DONE : Nowhere.NOWHERE;
            }
            JsonSpelling next = spelling.step(b);
            return next.isBroken() ? Nowhere.NOWHERE : new StringAt(next);
        }

        @Override
        public boolean accepts() { return false; }

        @Override
        public int freeText() { return spelling.freeText(); }

        @Override
        public Position sameMask(int characters) {
            JsonSpelling same = spelling.sameMask(characters);
            return same == spelling ? this : new StringAt(same);
        }
    }
}
