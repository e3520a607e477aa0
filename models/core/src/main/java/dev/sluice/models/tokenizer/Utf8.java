package dev.sluice.models.tokenizer;

/// UTF-16 to UTF-8 for scanners that hold characters, without a `String` between.
final class Utf8 {
    private Utf8() { }

    /// Writes well-formed `text[from, to)` at the start of `out`, which has room for three bytes a
    /// character, and returns the number of bytes.
    static int encode(char[] text, int from, int to, byte[] out) {
        int n = 0;
        for (int i = from; i < to; i++) {
            char c = text[i];
            if (c < 0x80) {
                out[n++] = (byte) c;
            } else if (c < 0x800) {
                out[n++] = (byte) (0xC0 | c >> 6);
                out[n++] = (byte) (0x80 | c & 63);
            } else if (Character.isHighSurrogate(c) && i + 1 < to) {
                int codePoint = Character.toCodePoint(c, text[++i]);
                out[n++] = (byte) (0xF0 | codePoint >> 18);
                out[n++] = (byte) (0x80 | codePoint >> 12 & 63);
                out[n++] = (byte) (0x80 | codePoint >> 6 & 63);
                out[n++] = (byte) (0x80 | codePoint & 63);
            } else {
                out[n++] = (byte) (0xE0 | c >> 12);
                out[n++] = (byte) (0x80 | c >> 6 & 63);
                out[n++] = (byte) (0x80 | c & 63);
            }
        }
        return n;
    }

    /// Bytes of the character that `lead` begins, in well-formed text.
    static int length(byte lead) {
        return lead >= 0 ? 1 : (lead & 0xE0) == 0xC0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : 4;
    }

    /// The characters of `text`, each surrogate without its other half replaced by U+FFFD.
    static char[] wellFormed(String text) {
        char[] chars = text.toCharArray();
        for (int i = 0; i < chars.length; i++) {
            char c = chars[i];
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < chars.length
                    && Character.isLowSurrogate(chars[i + 1])) {
                i++;
            } else {
                chars[i] = '\uFFFD';
            }
        }
        return chars;
    }
}
