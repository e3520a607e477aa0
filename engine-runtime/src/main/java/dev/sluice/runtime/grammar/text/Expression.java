package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Rule;
import java.util.List;

/// A regular expression over code points, or the body of a grammar's rule. Immutable.
public sealed interface Expression {

    /// One code point of a set.
    record Characters(CodePoints set) implements Expression { }

    /// One after the other; the empty text when there is none.
    record Sequence(List<Expression> parts) implements Expression { }

    record Choice(List<Expression> options) implements Expression { }

    /// `most` is [#UNLIMITED] or a count.
    record Repeat(Expression body, int least, int most) implements Expression { }

    /// The beginning of the text.
    record Start() implements Expression { }

    /// The end of the text.
    record End() implements Expression { }

    /// Text of a rule of a grammar.
    record Reference(Rule rule) implements Expression { }

    int UNLIMITED = Integer.MAX_VALUE;
    Expression EMPTY = new Sequence(List.of());

    static Expression range(int low, int high) {
        return new Characters(CodePoints.range(low, high));
    }

    /// The text itself.
    static Expression text(String text) {
        var parts = new java.util.ArrayList<Expression>();
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            parts.add(range(text.codePointAt(i), text.codePointAt(i)));
        }
        return new Sequence(parts);
    }

    /// Any text.
    static Expression anything() {
        return new Repeat(new Characters(CodePoints.ALL), 0, UNLIMITED);
    }
}
