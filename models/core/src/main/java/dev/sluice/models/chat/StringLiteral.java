package dev.sluice.models.chat;

/// String literals with Python's escapes. An escape that Python does not know keeps its backslash.
final class StringLiteral {
    private StringLiteral() { }

    /// Appends the content of the literal whose quote is at `from`; returns where it ends.
    static int decode(String source, int from, int line, StringBuilder out) {
        char quote = source.charAt(from);
        int i = from + 1;
        while (i < source.length()) {
            char c = source.charAt(i);
            if (c == quote) {
                return i + 1;
            }
            if (c == '\\' && i + 1 < source.length()) {
                i = escape(source, i + 1, line, out);
            } else {
                out.append(c);
                i++;
            }
        }
        throw new TemplateException(line, "a string is not closed with " + quote);
    }

    private static int escape(String source, int at, int line, StringBuilder out) {
        char c = source.charAt(at);
        int simple = "abfnrtv\\'\"".indexOf(c);
        if (simple >= 0) {
            out.append("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple));
            return at + 1;
        }
        return switch (c) {
            case '\n' -> at + 1;
            case 'x' -> hex(source, at, 2, line, out);
            case 'u' -> hex(source, at, 4, line, out);
            case 'U' -> hex(source, at, 8, line, out);
            case 'N' -> throw new TemplateException(line, "the escape \\N{} is not supported");
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(source, at, out);
            default -> {
                out.append('\\');
                yield at;
            }
        };
    }

    private static int hex(String source, int at, int digits, int line, StringBuilder out) {
        int value = 0;
        for (int i = at + 1; i <= at + digits; i++) {
            int digit = i < source.length() && source.charAt(i) < 128
                    ? Character.digit(source.charAt(i), 16) : -1;
            if (digit < 0 || value > 0x10ffff) {
                throw new TemplateException(line, "the escape \\" + source.charAt(at)
                        + " needs " + digits + " hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        if (!Character.isValidCodePoint(value)) {
            throw new TemplateException(line, "an escape names no character");
        }
        out.appendCodePoint(value);
        return at + 1 + digits;
    }

    private static int octal(String source, int at, StringBuilder out) {
        int value = 0;
        int i = at;
        while (i < source.length() && i < at + 3 && source.charAt(i) >= '0'
                && source.charAt(i) <= '7') {
            value = value * 8 + source.charAt(i++) - '0';
        }
        out.append((char) value);
        return i;
    }
}
