package dev.sluice.models.tokenizer;

/// Unicode classes of a code point as bits, for the scanners. A table serves the first 2048 code
/// points; the rest asks the JDK, whose Unicode version therefore decides (16 in JDK 25).
final class CharacterClass {
    static final int LETTER = 1;
    static final int NUMBER = 2;
    /// White_Space, as `\s` of the tokenizers' regular expressions means it.
    static final int SPACE = 4;
    static final int MARK = 8;
    static final int PUNCTUATION = 16;
    static final int SYMBOL = 32;
    /// Lu, Lt, Lm, Lo, M: what may stand where the o200k patterns want upper case.
    static final int UPPER = 64;
    /// Ll, Lm, Lo, M: what may stand where they want lower case.
    static final int LOWER = 128;

    private static final byte[] TABLE = new byte[0x800];

    static {
        for (int c = 0; c < TABLE.length; c++) {
            TABLE[c] = (byte) classify(c);
        }
    }

    private CharacterClass() { }

    static int of(int codePoint) {
        return codePoint < TABLE.length ? TABLE[codePoint] & 0xFF : classify(codePoint);
    }

    /// The code point at `index`, two characters where they are a pair before `to`.
    static int codePoint(char[] text, int index, int to) {
        char c = text[index];
        return Character.isHighSurrogate(c) && index + 1 < to
                && Character.isLowSurrogate(text[index + 1])
                ? Character.toCodePoint(c, text[index + 1]) : c;
    }

    /// Bits of the character at `index`; none at the end.
    static int at(char[] text, int index, int to) {
        if (index >= to) {
            return 0;
        }
        char c = text[index];
        return c < TABLE.length ? TABLE[c] & 0xFF : classify(codePoint(text, index, to));
    }

    static int width(char[] text, int index, int to) {
        return codePoint(text, index, to) > 0xFFFF ? 2 : 1;
    }

    /// The end of the run from `from` of characters with any of `bits`.
    static int run(char[] text, int from, int to, int bits) {
        int i = from;
        while (i < to) {
            char c = text[i];
            if (c < TABLE.length) {
                if ((TABLE[c] & bits) == 0) {
                    return i;
                }
                i++;
            } else {
                int codePoint = codePoint(text, i, to);
                if ((classify(codePoint) & bits) == 0) {
                    return i;
                }
                i += codePoint > 0xFFFF ? 2 : 1;
            }
        }
        return to;
    }

    /// The end of the run from `from` of characters with none of `bits`.
    static int runWithout(char[] text, int from, int to, int bits) {
        int i = from;
        while (i < to) {
            char c = text[i];
            if (c < TABLE.length) {
                if ((TABLE[c] & bits) != 0) {
                    return i;
                }
                i++;
            } else {
                int codePoint = codePoint(text, i, to);
                if ((classify(codePoint) & bits) != 0) {
                    return i;
                }
                i += codePoint > 0xFFFF ? 2 : 1;
            }
        }
        return to;
    }

    static boolean isSpace(int c) {
        return c >= 9 && c <= 13 || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680
                || c >= 0x2000 && c <= 0x200A || c == 0x2028 || c == 0x2029 || c == 0x202F
                || c == 0x205F || c == 0x3000;
    }

    private static int classify(int c) {
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | UPPER;
            case Character.LOWERCASE_LETTER -> LETTER | LOWER;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | UPPER | LOWER;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK -> MARK | UPPER | LOWER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER,
                    Character.OTHER_NUMBER -> NUMBER;
            case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION, Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL,
                    Character.OTHER_SYMBOL -> SYMBOL;
            default -> isSpace(c) ? SPACE : 0;
        };
    }
}
