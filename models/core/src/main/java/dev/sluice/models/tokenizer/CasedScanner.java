package dev.sluice.models.tokenizer;

import static dev.sluice.models.tokenizer.CharacterClass.LETTER;
import static dev.sluice.models.tokenizer.CharacterClass.LOWER;
import static dev.sluice.models.tokenizer.CharacterClass.NUMBER;
import static dev.sluice.models.tokenizer.CharacterClass.SPACE;
import static dev.sluice.models.tokenizer.CharacterClass.UPPER;

/// The gpt-4o (o200k) and tekken patterns by hand: a word is upper case then lower case, with one
/// foreign character before it and, if `contractions`, an English contraction after it.
///
///     P?U*L+C?|P?U+L*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
///
/// where P is `[^\r\n\p{L}\p{N}]`. `CaseRule` says what U and L are.
record CasedScanner(int digits, boolean contractions, CaseRule rule) implements PreTokenizer {

    enum CaseRule {
        /// The published pattern: U is `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, L the same with
        /// `\p{Ll}`; the case of a contraction is Unicode's.
        UNICODE,
        /// libllama's reading, which decides for GGUF files: only ASCII has case, every other
        /// letter may stand for both, and marks are not part of words.
        ASCII
    }

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        for (int start = from; start < to;) {
            int end = next(text, start, to);
            out.piece(start, end);
            start = end;
        }
    }

    private int next(char[] text, int start, int to) {
        char c = text[start];
        int bits = CharacterClass.at(text, start, to);
        int end = word(text, start, to, bits);
        if (end > start) {
            return contractions && end < to && text[end] == '\''
                    ? WordScanner.contraction(text, end, to, rule == CaseRule.UNICODE) : end;
        }
        if ((bits & NUMBER) != 0) {
            return WordScanner.digits(text, start, to, digits);
        }
        int body = c == ' ' ? start + 1 : start;
        if (body < to && (CharacterClass.at(text, body, to) & (LETTER | NUMBER | SPACE)) == 0) {
            int after = CharacterClass.runWithout(text, body, to, LETTER | NUMBER | SPACE);
            while (after < to
                    && (text[after] == '\r' || text[after] == '\n' || text[after] == '/')) {
                after++;
            }
            return after;
        }
        return WordScanner.space(text, start, to);
    }

    /// The end of a word with or without its leading character, or `start`. A mark may be both
    /// the leading character and part of the word, so the order of the alternatives is kept.
    private int word(char[] text, int start, int to, int bits) {
        char c = text[start];
        boolean leading = (bits & (LETTER | NUMBER)) == 0 && c != '\r' && c != '\n';
        int after = leading ? start + CharacterClass.width(text, start, to) : start;
        if (leading) {
            int end = lowerEnding(text, after, to);
            if (end > after) {
                return end;
            }
        }
        int end = lowerEnding(text, start, to);
        if (end > start) {
            return end;
        }
        if (leading) {
            end = run(text, after, to, true);
            if (end > after) {
                return end;
            }
        }
        return run(text, start, to, true);
    }

    /// `U*L+` from `start`: the longest run of U, then of L; if no L follows, U gives back its
    /// last characters up to one that is also an L. `start` when there is none.
    private int lowerEnding(char[] text, int start, int to) {
        int upperEnd = run(text, start, to, true);
        int lowerEnd = run(text, upperEnd, to, false);
        if (lowerEnd > upperEnd) {
            return lowerEnd;
        }
        for (int i = upperEnd; i > start;) {
            int at = Character.isLowSurrogate(text[i - 1]) && i - 1 > start ? i - 2 : i - 1;
            if (isCase(CharacterClass.codePoint(text, at, to), false)) {
                return i;
            }
            i = at;
        }
        return start;
    }

    private int run(char[] text, int start, int to, boolean upper) {
        if (rule == CaseRule.UNICODE) {
            return CharacterClass.run(text, start, to, upper ? UPPER : LOWER);
        }
        int end = start;
        while (end < to) {
            int codePoint = CharacterClass.codePoint(text, end, to);
            if (!isCase(codePoint, upper)) {
                return end;
            }
            end += codePoint > 0xFFFF ? 2 : 1;
        }
        return to;
    }

    private boolean isCase(int c, boolean upper) {
        return switch (rule) {
            case UNICODE -> (CharacterClass.of(c) & (upper ? UPPER : LOWER)) != 0;
            case ASCII -> (CharacterClass.of(c) & LETTER) != 0
                    && (upper ? c < 'a' || c > 'z' : c < 'A' || c > 'Z');
        };
    }
}
