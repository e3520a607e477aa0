package dev.sluice.models.tokenizer;

import static dev.sluice.models.tokenizer.CharacterClass.LETTER;
import static dev.sluice.models.tokenizer.CharacterClass.NUMBER;
import static dev.sluice.models.tokenizer.CharacterClass.SPACE;

/// The gpt-2 pattern by hand:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
record Gpt2Scanner() implements PreTokenizer {

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        for (int start = from; start < to;) {
            int end = next(text, start, to);
            out.piece(start, end);
            start = end;
        }
    }

    private static int next(char[] text, int start, int to) {
        char c = text[start];
        if (c == '\'') {
            int end = contraction(text, start, to);
            if (end > start) {
                return end;
            }
        }
        int body = c == ' ' && start + 1 < to ? start + 1 : start;
        int bits = CharacterClass.at(text, body, to);
        if ((bits & LETTER) != 0) {
            return CharacterClass.run(text, body, to, LETTER);
        }
        if ((bits & NUMBER) != 0) {
            return CharacterClass.run(text, body, to, NUMBER);
        }
        if ((bits & SPACE) == 0) {
            return CharacterClass.runWithout(text, body, to, LETTER | NUMBER | SPACE);
        }
        int end = CharacterClass.run(text, start, to, SPACE);
        return end < to && end - start > 1 ? end - 1 : end;
    }

    private static int contraction(char[] text, int start, int to) {
        if (start + 1 < to) {
            char first = text[start + 1];
            if (first == 's' || first == 't' || first == 'm' || first == 'd') {
                return start + 2;
            }
            if (start + 2 < to) {
                char second = text[start + 2];
                if (second == 'e' && (first == 'r' || first == 'v')
                        || second == 'l' && first == 'l') {
                    return start + 3;
                }
            }
        }
        return start;
    }
}
