package dev.sluice.runtime.grammar.gbnf;

import dev.sluice.runtime.grammar.GrammarRejected;
import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.CodePoints;
import dev.sluice.runtime.grammar.text.Expression;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads GBNF, llama.cpp's notation for grammars: `name ::= ...` rules of literals, classes, `.`,
/// groups, alternatives, `* + ?` and `{m,n}`, with `#` comments. A rule ends at the end of a line
/// unless a bar begins the next or a group is open. References to tokens (`<name>`, `<[id]>`) are
/// refused: here a grammar is about bytes.
final class GbnfParser {
    private static final int DEPTH_MAX = 200;
    /// llama.cpp's own limit.
    private static final int REPEATS_MAX = 2000;

    private final String text;
    private final Budget budget;
    private final Map<String, Rule> rules = new LinkedHashMap<>();
    private final Map<Rule, Expression> bodies = new LinkedHashMap<>();
    private int at;
    private int depth;

    private GbnfParser(String text, Budget budget) {
        this.text = text;
        this.budget = budget;
    }

    /// The bodies of all rules; the rule `root` is among them.
    static Map<Rule, Expression> parse(String text, Budget budget) {
        var parser = new GbnfParser(text, budget);
        parser.space(true);
        while (parser.at < text.length()) {
            parser.rule();
            parser.space(true);
        }
        for (Rule rule : parser.rules.values()) {
            if (!parser.bodies.containsKey(rule)) {
                throw new GrammarRejected(rule.toString(), "", "a rule that is not defined");
            }
        }
        if (!parser.rules.containsKey("root")) {
            throw new GrammarRejected("root", "", "a rule that is not defined");
        }
        return parser.bodies;
    }

    private void rule() {
        Rule rule = reference(name());
        space(false);
        if (!text.startsWith("::=", at)) {
            throw rejected("expected ::=");
        }
        at += 3;
        space(true);
        if (bodies.putIfAbsent(rule, choice(false)) != null) {
            throw rejected("a second definition of " + rule);
        }
        if (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            throw rejected("expected the end of the line");
        }
    }

    private Rule reference(String name) {
        return rules.computeIfAbsent(name, Rule::new);
    }

    private String name() {
        int from = at;
        while (at < text.length() && isNamed(text.charAt(at))) {
            at++;
        }
        if (at == from) {
            throw rejected("expected the name of a rule");
        }
        return text.substring(from, at);
    }

    private static boolean isNamed(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
                || c == '_';
    }

    private Expression choice(boolean inGroup) {
        if (++depth > DEPTH_MAX) {
            throw rejected("groups inside each other over " + DEPTH_MAX + " deep");
        }
        var options = new ArrayList<Expression>();
        options.add(sequence(inGroup));
        while (at < text.length() && text.charAt(at) == '|') {
            at++;
            space(true);
            options.add(sequence(inGroup));
        }
        depth--;
        return options.size() == 1 ? options.getFirst() : new Expression.Choice(options);
    }

    private Expression sequence(boolean inGroup) {
        var parts = new ArrayList<Expression>();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '*' || c == '+' || c == '?' || c == '{') {
                if (parts.isEmpty()) {
                    throw rejected("nothing to repeat");
                }
                parts.add(repeated(parts.removeLast()));
            } else if (c == '|' || c == ')' || c == '\n' || c == '\r') {
                break;
            } else {
                parts.add(atom());
            }
            budget.spend(1);
            space(inGroup);
            nextBar();
        }
        return parts.size() == 1 ? parts.getFirst() : new Expression.Sequence(parts);
    }

    /// Goes to the next line if that begins with a bar.
    private void nextBar() {
        int before = at;
        space(true);
        if (at >= text.length() || text.charAt(at) != '|') {
            at = before;
        }
    }

    private Expression atom() {
        char c = text.charAt(at);
        if (c == '"') {
            return literal();
        } else if (c == '[') {
            return new Expression.Characters(characters());
        } else if (c == '.') {
            at++;
            return new Expression.Characters(CodePoints.ALL);
        } else if (c == '(') {
            at++;
            space(true);
            Expression body = choice(true);
            if (at >= text.length() || text.charAt(at) != ')') {
                throw rejected("expected )");
            }
            at++;
            return body;
        } else if (c == '<' || c == '!') {
            throw rejected("references to tokens are not supported");
        }
        return new Expression.Reference(reference(name()));
    }

    private Expression repeated(Expression body) {
        char c = text.charAt(at++);
        int least = c == '+' ? 1 : 0;
        int most = c == '?' ? 1 : Expression.UNLIMITED;
        if (c == '{') {
            space(true);
            least = at < text.length() && text.charAt(at) == ',' ? 0 : number();
            most = least;
            space(true);
            if (at < text.length() && text.charAt(at) == ',') {
                at++;
                space(true);
                boolean open = at < text.length() && text.charAt(at) == '}';
                most = open ? Expression.UNLIMITED : number();
                space(true);
            }
            if (at >= text.length() || text.charAt(at) != '}') {
                throw rejected("expected }");
            }
            at++;
            if (most < least) {
                throw rejected("a repeat whose bounds are in the wrong order");
            }
        }
        return new Expression.Repeat(body, least, most);
    }

    private int number() {
        int from = at;
        int value = 0;
        while (at < text.length() && Character.digit(text.charAt(at), 10) >= 0) {
            value = 10 * value + Character.digit(text.charAt(at++), 10);
            if (value > REPEATS_MAX) {
                throw rejected("a repeat over " + REPEATS_MAX);
            }
        }
        if (at == from) {
            throw rejected("expected a number");
        }
        return value;
    }

    private Expression literal() {
        at++;
        var parts = new ArrayList<Expression>();
        while (at < text.length() && text.charAt(at) != '"') {
            int c = character();
            parts.add(Expression.range(c, c));
            budget.spend(1);
        }
        if (at >= text.length()) {
            throw rejected("a literal without its end");
        }
        at++;
        return new Expression.Sequence(parts);
    }

    private CodePoints characters() {
        at++;
        boolean negated = at < text.length() && text.charAt(at) == '^';
        at += negated ? 1 : 0;
        CodePoints set = CodePoints.NONE;
        while (at < text.length() && text.charAt(at) != ']') {
            int low = character();
            int high = low;
            if (at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']') {
                at++;
                high = character();
            }
            if (high < low) {
                throw rejected("a range in the wrong order");
            }
            set = set.or(CodePoints.range(low, high));
            budget.spend(1 + set.rangeCount());
        }
        if (at >= text.length()) {
            throw rejected("a class without ]");
        }
        at++;
        return negated ? set.not() : set;
    }

    private int character() {
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        if (at >= text.length()) {
            throw rejected("a backslash at the end");
        }
        char escape = text.charAt(at++);
        return switch (escape) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case '"', '\\', '[', ']' -> escape;
            case '-', '^' -> escape;
            default -> throw rejected("unknown escape \\" + escape);
        };
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < text.length() ? Character.digit(text.charAt(at++), 16) : -1;
            if (digit < 0 || value > CodePoints.MAX) {
                throw rejected("not a code point of " + digits + " hex digits");
            }
            value = 16 * value + digit;
        }
        if (value > CodePoints.MAX) {
            throw rejected("a code point beyond Unicode");
        }
        return value;
    }

    /// Skips blanks and comments, and the ends of lines where they mean nothing.
    private void space(boolean lines) {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                while (at < text.length() && text.charAt(at) != '\n') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r')) {
                at++;
            } else {
                return;
            }
        }
    }

    private GrammarRejected rejected(String reason) {
        int end = Math.min(at, text.length());
        int line = 1;
        int start = 0;
        for (int i = 0; i < end; i++) {
            if (text.charAt(i) == '\n') {
                line++;
                start = i + 1;
            }
        }
        return new GrammarRejected("gbnf", line + ":" + (end - start + 1), reason);
    }
}
