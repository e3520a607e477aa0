package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;
import java.util.ArrayList;
import java.util.List;

/// Regular expressions as ECMA-262 writes them with the `u` flag, without what is not regular:
/// look-around, back references and word boundaries are refused by name. Lazy quantifiers mean the
/// same as greedy ones, since only whole texts are judged.
public final class RegexParser {
    /// Groups inside each other; the parser recurses.
    private static final int DEPTH_MAX = 200;
    /// Copies of a part that `{m,n}` may ask for.
    private static final int REPEATS_MAX = 10_000;

    private final String text;
    private final Budget budget;
    private final RegexClasses classes;
    private int at;
    private int depth;

    private RegexParser(String text, Budget budget) {
        this.text = text;
        this.budget = budget;
        classes = new RegexClasses(text, budget);
    }

    /// The expression that `text` writes. Anchors stay in it.
    public static Expression parse(String text, Budget budget) {
        var parser = new RegexParser(text, budget);
        Expression all = parser.choice();
        if (parser.at < text.length()) {
            throw parser.rejected("unmatched )");
        }
        return all;
    }

    /// An expression for the texts in which `pattern` is found somewhere.
    public static Expression search(String pattern, Budget budget) {
        Expression found = parse(pattern, budget);
        return new Expression.Sequence(
                List.of(Expression.anything(), found, Expression.anything()));
    }

    private Expression choice() {
        if (++depth > DEPTH_MAX) {
            throw rejected("groups inside each other over " + DEPTH_MAX + " deep");
        }
        var options = new ArrayList<Expression>();
        options.add(sequence());
        while (take("|")) {
            options.add(sequence());
        }
        depth--;
        return options.size() == 1 ? options.getFirst() : new Expression.Choice(options);
    }

    private Expression sequence() {
        var parts = new ArrayList<Expression>();
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            budget.spend(1);
            parts.add(quantified(atom()));
        }
        return parts.size() == 1 ? parts.getFirst() : new Expression.Sequence(parts);
    }

    private Expression atom() {
        if (take("^")) {
            return new Expression.Start();
        } else if (take("$")) {
            return new Expression.End();
        } else if (take("(")) {
            return group();
        } else if (take("[")) {
            var set = classes.bracket(at);
            at = classes.end();
            return new Expression.Characters(set);
        } else if (take(".")) {
            return new Expression.Characters(RegexClasses.DOT);
        } else if (take("\\")) {
            var set = classes.escape(at, false);
            at = classes.end();
            return new Expression.Characters(set);
        } else if ("*+?{".indexOf(text.charAt(at)) >= 0 && !isLiteralBrace()) {
            throw rejected("nothing to repeat");
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return Expression.range(c, c);
    }

    private Expression group() {
        if (take("?")) {
            if (take("<")) {
                if (at < text.length() && "=!".indexOf(text.charAt(at)) >= 0) {
                    throw rejected("look-behind is not regular");
                }
                int close = text.indexOf('>', at);
                if (close < 0) {
                    throw rejected("a group's name without its end");
                }
                at = close + 1;
            } else if (!take(":")) {
                throw rejected("look-ahead and flags are not supported");
            }
        }
        Expression body = choice();
        if (!take(")")) {
            throw rejected("unmatched (");
        }
        return body;
    }

    private Expression quantified(Expression atom) {
        int least = 1;
        int most = 1;
        if (take("*")) {
            least = 0;
            most = Expression.UNLIMITED;
        } else if (take("+")) {
            most = Expression.UNLIMITED;
        } else if (take("?")) {
            least = 0;
        } else if (at < text.length() && text.charAt(at) == '{' && !isLiteralBrace()) {
            at++;
            least = number();
            most = !take(",") ? least : text.charAt(at) == '}' ? Expression.UNLIMITED : number();
            at++;
        } else {
            return atom;
        }
        if (atom instanceof Expression.Start || atom instanceof Expression.End) {
            throw rejected("a repeated anchor");
        }
        if (most < least) {
            throw rejected("a repeat whose bounds are in the wrong order");
        }
        take("?");
        if (at < text.length() && "*+?".indexOf(text.charAt(at)) >= 0) {
            throw rejected("nothing to repeat");
        }
        return new Expression.Repeat(atom, least, most);
    }

    /// A brace that is no quantifier stands for itself, as browsers have it.
    private boolean isLiteralBrace() {
        if (text.charAt(at) != '{') {
            return false;
        }
        int i = at + 1;
        int digits = 0;
        boolean comma = false;
        for (; i < text.length() && text.charAt(i) != '}'; i++) {
            char c = text.charAt(i);
            if (c == ',' && !comma && digits > 0) {
                comma = true;
            } else if (c >= '0' && c <= '9') {
                digits++;
            } else {
                return true;
            }
        }
        return i == text.length() || digits == 0;
    }

    private int number() {
        int value = 0;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = 10 * value + text.charAt(at++) - '0';
            if (value > REPEATS_MAX) {
                throw rejected("a repeat over " + REPEATS_MAX);
            }
        }
        return value;
    }

    private boolean take(String mark) {
        if (text.startsWith(mark, at)) {
            at += mark.length();
            return true;
        }
        return false;
    }

    private RuntimeException rejected(String reason) {
        return budget.rejected("regular expression, character %d: %s".formatted(at, reason));
    }
}
