package dev.sluice.models.tokenizer;

/// Tokens to text as they come: text is given out as soon as its last character is whole, so that
/// a UTF-8 character is never divided between two answers; at most three bytes wait. Bytes that
/// can not be UTF-8 become U+FFFD, one for each maximal part of a sequence (Unicode 16, section
/// 3.9, "U+FFFD Substitution of Maximal Subparts"). One thread at a time.
public final class TextDecoder {
    private static final byte SPACE = ' ';

    private final Tokenizer tokenizer;
    private boolean dropSpace;
    private int codePoint;
    /// Continuation bytes still missing from the character begun.
    private int missing;
    /// What the next continuation byte must lie in; narrower than 80-BF after E0, ED, F0 and F4.
    private int least;
    private int greatest;

    private TextDecoder(Tokenizer tokenizer, boolean dropSpace) {
        this.tokenizer = tokenizer;
        this.dropSpace = dropSpace;
    }

    /// For tokens that are a text of their own: a SentencePiece text drops its added space.
    public static TextDecoder ofText(Tokenizer tokenizer) {
        return new TextDecoder(tokenizer, tokenizer.dropsLeadingSpace());
    }

    /// For tokens that go on from others, such as an answer after its prompt.
    public static TextDecoder ofContinuation(Tokenizer tokenizer) {
        return new TextDecoder(tokenizer, false);
    }

    /// The whole text of `tokenIds`.
    public static String decode(Tokenizer tokenizer, int[] tokenIds) {
        TextDecoder decoder = ofText(tokenizer);
        var out = new StringBuilder();
        for (int id : tokenIds) {
            decoder.append(tokenizer.bytes(id), out);
        }
        return out + decoder.finish();
    }

    /// Text that is whole after this token; often empty.
    public String accept(int tokenId) {
        var out = new StringBuilder();
        append(tokenizer.bytes(tokenId), out);
        return out.toString();
    }

    /// What was waiting when the tokens ended: U+FFFD for a character that never became whole.
    public String finish() {
        String rest = missing > 0 ? "\uFFFD" : "";
        missing = 0;
        return rest;
    }

    private void append(byte[] bytes, StringBuilder out) {
        if (bytes.length == 0) {
            return;
        }
        int from = dropSpace && bytes[0] == SPACE ? 1 : 0;
        dropSpace = false;
        for (int i = from; i < bytes.length; i++) {
            append(bytes[i] & 0xFF, out);
        }
    }

    private void append(int b, StringBuilder out) {
        if (missing > 0) {
            if (b >= least && b <= greatest) {
                codePoint = codePoint << 6 | b & 63;
                least = 0x80;
                greatest = 0xBF;
                if (--missing == 0) {
                    out.appendCodePoint(codePoint);
                }
                return;
            }
            missing = 0;
            out.append('\uFFFD');
        }
        if (b < 0x80) {
            out.append((char) b);
        } else if (b < 0xC2 || b > 0xF4) {
            out.append('\uFFFD');
        } else {
            begin(b);
        }
    }

    private void begin(int lead) {
        least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        greatest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        missing = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        codePoint = lead & (lead < 0xE0 ? 31 : lead < 0xF0 ? 15 : 7);
    }
}
