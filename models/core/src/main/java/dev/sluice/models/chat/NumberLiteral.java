package dev.sluice.models.chat;

import java.math.BigInteger;

/// Numbers as a template writes them: `1_000`, `0x1f`, `0o17`, `0b11`, `1.5`, `2e-3`.
final class NumberLiteral {
    /// Literals longer than this are hostile; the widest useful one has some twenty digits.
    private static final int LENGTH_MAX = 400;

    private NumberLiteral() { }

    /// Where the number that starts at `from` ends.
    static int end(String source, int from) {
        if (source.charAt(from) == '0' && from + 2 < source.length()) {
            int radix = radix(source.charAt(from + 1));
            if (radix != 10 && digits(source, from + 2, radix) > from + 2) {
                return digits(source, from + 2, radix);
            }
        }
        int end = digits(source, from, 10);
        boolean afterDot = from > 0 && source.charAt(from - 1) == '.';
        if (afterDot) {
            return end;
        }
        if (end + 1 < source.length() && source.charAt(end) == '.'
                && isDigit(source.charAt(end + 1), 10)) {
            end = digits(source, end + 1, 10);
        }
        return exponent(source, end);
    }

    static boolean isFloat(String text) {
        boolean radix = text.length() > 1 && radix(text.charAt(1)) != 10;
        return !radix && (text.contains(".") || text.contains("e") || text.contains("E"));
    }

    static Object integer(String text, int line) {
        check(text, line);
        String plain = text.replace("_", "");
        int radix = plain.length() > 1 ? radix(plain.charAt(1)) : 10;
        return Numbers.shrink(new BigInteger(radix == 10 ? plain : plain.substring(2), radix));
    }

    static Object floating(String text, int line) {
        check(text, line);
        return Double.parseDouble(text.replace("_", ""));
    }

    private static void check(String text, int line) {
        if (text.length() > LENGTH_MAX) {
            throw new TemplateException(line, "a number of " + text.length() + " characters");
        }
    }

    private static int exponent(String source, int end) {
        if (end >= source.length() || "eE".indexOf(source.charAt(end)) < 0) {
            return end;
        }
        int from = end + 1;
        if (from < source.length() && "+-".indexOf(source.charAt(from)) >= 0) {
            from++;
        }
        int after = from < source.length() ? digits(source, from, 10) : from;
        return after > from ? after : end;
    }

    private static int digits(String source, int from, int radix) {
        int i = from;
        while (i < source.length() && (isDigit(source.charAt(i), radix)
                || source.charAt(i) == '_' && i > from && i + 1 < source.length()
                && isDigit(source.charAt(i + 1), radix))) {
            i++;
        }
        return i;
    }

    private static boolean isDigit(char c, int radix) {
        return c < 128 && Character.digit(c, radix) >= 0;
    }

    private static int radix(char letter) {
        return switch (letter) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 10;
        };
    }
}
