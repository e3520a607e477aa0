package dev.sluice.models.tokenizer;

import static dev.sluice.models.tokenizer.CharacterClass.LETTER;
import static dev.sluice.models.tokenizer.CharacterClass.MARK;
import static dev.sluice.models.tokenizer.CharacterClass.NUMBER;
import static dev.sluice.models.tokenizer.CharacterClass.SPACE;

/// The llama-bpe and qwen2 family by hand: what the regular expression
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
///     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
///
/// does, with `digits` in place of 3 and, if `marks`, `[\p{L}\p{M}]` in place of `\p{L}`. A test
/// holds each setting against its regular expression.
record WordScanner(int digits, boolean marks, boolean unicodeCase) implements PreTokenizer {

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        for (int start = from; start < to;) {
            int end = next(text, start, to);
            out.piece(start, end);
            start = end;
        }
    }

    private int next(char[] text, int start, int to) {
        int word = marks ? LETTER | MARK : LETTER;
        int bits = CharacterClass.at(text, start, to);
        if ((bits & word) != 0) {
            return CharacterClass.run(text, start, to, word);
        }
        if ((bits & NUMBER) != 0) {
            return digits(text, start, to, digits);
        }
        char c = text[start];
        if (c == '\'') {
            int end = contraction(text, start, to, unicodeCase);
            if (end > start) {
                return end;
            }
        }
        if (c != '\r' && c != '\n') {
            int after = start + CharacterClass.width(text, start, to);
            if ((CharacterClass.at(text, after, to) & word) != 0) {
                return CharacterClass.run(text, after, to, word);
            }
        }
        int body = c == ' ' ? start + 1 : start;
        if (body < to && (CharacterClass.at(text, body, to) & (word | NUMBER | SPACE)) == 0) {
            return newlines(text,
                    CharacterClass.runWithout(text, body, to, word | NUMBER | SPACE), to);
        }
        return space(text, start, to);
    }

    /// The end of at most `most` numbers.
    static int digits(char[] text, int start, int to, int most) {
        int end = start;
        for (int n = 0; n < most && (CharacterClass.at(text, end, to) & NUMBER) != 0; n++) {
            end += CharacterClass.width(text, end, to);
        }
        return end;
    }

    static int newlines(char[] text, int start, int to) {
        int end = start;
        while (end < to && (text[end] == '\r' || text[end] == '\n')) {
            end++;
        }
        return end;
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line break of the run, else the run without its
    /// last character when something follows it.
    static int space(char[] text, int start, int to) {
        int end = CharacterClass.run(text, start, to, SPACE);
        for (int i = end - 1; i >= start; i--) {
            if (text[i] == '\r' || text[i] == '\n') {
                return i + 1;
            }
        }
        return end < to && end - start > 1 ? end - 1 : end;
    }

    /// The end of an English contraction of any case at the apostrophe `start`, or `start`. With
    /// `unicodeCase` the long s counts as an s, as the original patterns have it.
    static int contraction(char[] text, int start, int to, boolean unicodeCase) {
        if (start + 1 >= to) {
            return start;
        }
        int first = lower(text[start + 1], unicodeCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return start + 2;
        }
        if (start + 2 < to) {
            int second = lower(text[start + 2], unicodeCase);
            if (first == 'r' && second == 'e' || first == 'v' && second == 'e'
                    || first == 'l' && second == 'l') {
                return start + 3;
            }
        }
        return start;
    }

    private static int lower(char c, boolean unicodeCase) {
        return c >= 'A' && c <= 'Z' ? c + 32 : unicodeCase && c == '\u017F' ? 's' : c;
    }
}
