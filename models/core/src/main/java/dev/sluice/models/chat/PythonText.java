package dev.sluice.models.chat;

import java.util.Locale;

/// Python's view of characters: what is a space, what `repr` escapes, how text is ordered.
final class PythonText {
    private PythonText() { }

    /// Python's `str.isspace` for one character; all are in the basic plane.
    static boolean isSpace(int c) {
        return c >= '\t' && c <= '\r' || c >= 0x1c && c <= ' ' || c == 0x85 || c == 0xa0
                || c == 0x1680 || c >= 0x2000 && c <= 0x200a || c == 0x2028 || c == 0x2029
                || c == 0x202f || c == 0x205f || c == 0x3000;
    }

    static boolean isLineEnd(char c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028
                || c == 0x2029;
    }

    /// By code points; `String.compareTo` goes by UTF-16 units, which puts emoji before U+FFFD.
    static int compare(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean one = Character.isSurrogate(x) != Character.isSurrogate(y);
                return one == x < y ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static String upper(String text) { return text.toUpperCase(Locale.ROOT); }

    static String lower(String text) { return text.toLowerCase(Locale.ROOT); }

    /// The first character as a title, the rest in lower case.
    static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int end = text.offsetByCodePoints(0, 1);
        return title(text.substring(0, end)) + lower(text.substring(end));
    }

    private static String title(String character) {
        int c = character.codePointAt(0);
        String upper = upper(character);
        return upper.codePointCount(0, upper.length()) > 1
                ? upper.substring(0, upper.offsetByCodePoints(0, 1))
                        + lower(upper.substring(upper.offsetByCodePoints(0, 1)))
                : Character.toString(Character.toTitleCase(c));
    }

    /// Every run of letters capitalized, as `str.title`.
    static String titled(String text) {
        var out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            String one = Character.toString(c);
            out.append(inWord ? lower(one) : title(one));
            inWord = isCased(c);
            i += one.length();
        }
        return out.toString();
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /// Appends the text between quotes with escapes, as `repr`.
    static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(escape(c));
                    }
                }
            }
        });
        out.append(quote);
    }

    private static String escape(int c) {
        return c < 0x100 ? String.format("\\x%02x", c)
                : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
    }

    private static boolean isPrintable(int c) {
        return c == ' ' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE,
                    Character.PRIVATE_USE, Character.UNASSIGNED, Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }
}
