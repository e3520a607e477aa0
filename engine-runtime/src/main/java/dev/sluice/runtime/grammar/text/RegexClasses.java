package dev.sluice.runtime.grammar.text;

import dev.sluice.runtime.grammar.automaton.Budget;

/// Escapes and bracketed classes of a regular expression. Each read starts at a character index
/// and leaves the index after it in [#end].
final class RegexClasses {
    /// Any character but the ends of a line.
    static final CodePoints DOT = CodePoints.of("\n\r\u2028\u2029").not();
    private static final CodePoints DIGIT = CodePoints.range('0', '9');
    private static final CodePoints WORD = DIGIT.or(CodePoints.range('a', 'z'))
            .or(CodePoints.range('A', 'Z')).or(CodePoints.of("_"));
    /// ECMA-262 12.2 and 12.3: white space and line terminators.
    private static final CodePoints SPACE = CodePoints.of("\t\n\u000B\f\r \u00A0\u1680\u2028"
            + "\u2029\u202F\u205F\u3000\uFEFF").or(CodePoints.range(0x2000, 0x200A));

    private final String text;
    private final Budget budget;
    private int at;

    RegexClasses(String text, Budget budget) {
        this.text = text;
        this.budget = budget;
    }

    int end() { return at; }

    /// What follows `[`.
    CodePoints bracket(int from) {
        at = from;
        boolean negated = at < text.length() && text.charAt(at) == '^';
        at += negated ? 1 : 0;
        CodePoints all = CodePoints.NONE;
        while (true) {
            if (at >= text.length()) {
                throw rejected("a class without ]");
            }
            if (text.charAt(at) == ']') {
                at++;
                return negated ? all.not() : all;
            }
            budget.spend(all.rangeCount() + 1);
            all = all.or(item());
        }
    }

    private CodePoints item() {
        CodePoints first = member();
        boolean range = at + 1 < text.length() && text.charAt(at) == '-'
                && text.charAt(at + 1) != ']';
        if (!range || !isSingle(first)) {
            return first;
        }
        at++;
        CodePoints last = member();
        if (!isSingle(last)) {
            return first.or(CodePoints.of("-")).or(last);
        }
        if (last.low(0) < first.low(0)) {
            throw rejected("a range in the wrong order");
        }
        return CodePoints.range(first.low(0), last.low(0));
    }

    private static boolean isSingle(CodePoints set) {
        return set.rangeCount() == 1 && set.low(0) == set.high(0);
    }

    private CodePoints member() {
        if (text.charAt(at) == '\\') {
            return escape(at + 1, true);
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return CodePoints.range(c, c);
    }

    /// What follows a backslash.
    CodePoints escape(int from, boolean inClass) {
        at = from;
        if (at >= text.length()) {
            throw rejected("a backslash at the end");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case 'd' -> DIGIT;
            case 'D' -> DIGIT.not();
            case 'w' -> WORD;
            case 'W' -> WORD.not();
            case 's' -> SPACE;
            case 'S' -> SPACE.not();
            case 't' -> CodePoints.of("\t");
            case 'n' -> CodePoints.of("\n");
            case 'r' -> CodePoints.of("\r");
            case 'f' -> CodePoints.of("\f");
            case 'v' -> CodePoints.of("\u000B");
            case 'x' -> single(hex(2));
            case 'u' -> unicode();
            case 'c' -> control();
            case 'p', 'P' -> property(c == 'P');
            case '0' -> single(0);
            case 'b' -> {
                if (!inClass) {
                    throw rejected("a word boundary (\\b) is not supported");
                }
                yield single('\b');
            }
            case 'B' -> throw rejected("a word boundary (\\B) is not supported");
            case 'k', '1', '2', '3', '4', '5', '6', '7', '8', '9' ->
                    throw rejected("a back reference is not regular");
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw rejected("unknown escape \\" + c);
                }
                int code = text.codePointAt(at - 1);
                at += Character.charCount(code) - 1;
                yield single(code);
            }
        };
    }

    private static CodePoints single(int c) {
        return CodePoints.range(c, c);
    }

    private CodePoints control() {
        char letter = at < text.length() ? text.charAt(at) : ' ';
        if ((letter | 0x20) < 'a' || (letter | 0x20) > 'z') {
            throw rejected("\\c without a letter");
        }
        at++;
        return single(letter & 0x1f);
    }

    private CodePoints unicode() {
        if (at < text.length() && text.charAt(at) == '{') {
            int close = text.indexOf('}', at);
            if (close < 0 || close == at + 1 || close > at + 9) {
                throw rejected("\\u{...} without its code point");
            }
            at++;
            int code = hex(close - at);
            at = close + 1;
            if (code > CodePoints.MAX) {
                throw rejected("a code point beyond Unicode");
            }
            return single(code);
        }
        int code = hex(4);
        if (Character.isHighSurrogate((char) code) && text.startsWith("\\u", at)) {
            int before = at;
            at += 2;
            int low = hex(4);
            if (Character.isLowSurrogate((char) low)) {
                return single(Character.toCodePoint((char) code, (char) low));
            }
            at = before;
        }
        return single(code);
    }

    private int hex(int digits) {
        if (at + digits > text.length()) {
            throw rejected("too few hex digits");
        }
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(text.charAt(at++), 16);
            if (digit < 0) {
                throw rejected("not a hex digit");
            }
            value = 16 * value + digit;
        }
        return value;
    }

    private CodePoints property(boolean negated) {
        int close = text.indexOf('}', at);
        if (at >= text.length() || text.charAt(at) != '{' || close < 0) {
            throw rejected("\\p without {...}");
        }
        String name = text.substring(at + 1, close);
        at = close + 1;
        budget.spend(50_000);
        CodePoints set = UnicodeProperties.named(name);
        if (set.isEmpty()) {
            throw rejected("unknown property " + name);
        }
        return negated ? set.not() : set;
    }

    private RuntimeException rejected(String reason) {
        return budget.rejected("regular expression, character %d: %s".formatted(at, reason));
    }
}
