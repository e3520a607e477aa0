package dev.sluice.models.tokenizer;

import static dev.sluice.models.tokenizer.CharacterClass.LETTER;
import static dev.sluice.models.tokenizer.CharacterClass.MARK;
import static dev.sluice.models.tokenizer.CharacterClass.PUNCTUATION;
import static dev.sluice.models.tokenizer.CharacterClass.SYMBOL;

/// The last pattern of deepseek-v3 by hand:
///
///     [ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+
///     | ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
///
/// Digits and control characters match nothing; what lies between two matches is a piece.
record DeepSeekScanner() implements PreTokenizer {

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        int unmatched = from;
        for (int start = from; start < to;) {
            int end = next(text, start, to);
            if (end == start) {
                start += CharacterClass.width(text, start, to);
                continue;
            }
            if (unmatched < start) {
                out.piece(unmatched, start);
            }
            out.piece(start, end);
            start = end;
            unmatched = end;
        }
        if (unmatched < to) {
            out.piece(unmatched, to);
        }
    }

    private int next(char[] text, int start, int to) {
        char c = text[start];
        if (isAsciiPunctuation(c) && start + 1 < to && isAsciiLetter(text[start + 1])) {
            int end = start + 2;
            while (end < to && isAsciiLetter(text[end])) {
                end++;
            }
            return end;
        }
        int bits = CharacterClass.at(text, start, to);
        if ((bits & (LETTER | MARK)) != 0) {
            return CharacterClass.run(text, start, to, LETTER | MARK);
        }
        if ((bits & (PUNCTUATION | SYMBOL)) == 0 && c != '\r' && c != '\n') {
            int after = start + CharacterClass.width(text, start, to);
            if ((CharacterClass.at(text, after, to) & (LETTER | MARK)) != 0) {
                return CharacterClass.run(text, after, to, LETTER | MARK);
            }
        }
        int body = c == ' ' ? start + 1 : start;
        int end = CharacterClass.run(text, body, to, PUNCTUATION | SYMBOL);
        if (end > body) {
            return WordScanner.newlines(text, end, to);
        }
        return WordScanner.space(text, start, to);
    }

    private static boolean isAsciiPunctuation(char c) {
        return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`'
                || c >= '{' && c <= '~';
    }

    private static boolean isAsciiLetter(char c) {
        return (c | 32) >= 'a' && (c | 32) <= 'z';
    }
}
