package dev.sluice.models.tokenizer;

import static dev.sluice.models.tokenizer.CharacterClass.LETTER;
import static dev.sluice.models.tokenizer.CharacterClass.NUMBER;
import static dev.sluice.models.tokenizer.CharacterClass.SPACE;

/// kimi-k2 as libllama reads it: runs of Han characters, other letters with one foreign character
/// before and an English contraction after, up to three numbers, the rest as in llama-bpe.
record KimiScanner() implements PreTokenizer {

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
        int codePoint = CharacterClass.codePoint(text, start, to);
        int bits = CharacterClass.of(codePoint);
        int after = start + (codePoint > 0xFFFF ? 2 : 1);
        if (isHan(codePoint)) {
            return letters(text, start, to, true);
        }
        if ((bits & LETTER) != 0) {
            return word(text, start, to);
        }
        if ((bits & NUMBER) == 0 && c != '\r' && c != '\n'
                && letters(text, after, to, false) > after) {
            return word(text, after, to);
        }
        if ((bits & NUMBER) != 0) {
            return WordScanner.digits(text, start, to, 3);
        }
        int body = c == ' ' ? start + 1 : start;
        if (body < to && (CharacterClass.at(text, body, to) & (LETTER | NUMBER | SPACE)) == 0) {
            return WordScanner.newlines(text,
                    CharacterClass.runWithout(text, body, to, LETTER | NUMBER | SPACE), to);
        }
        return WordScanner.space(text, start, to);
    }

    private static int word(char[] text, int start, int to) {
        int end = letters(text, start, to, false);
        return end < to && text[end] == '\''
                ? WordScanner.contraction(text, end, to, false) : end;
    }

    private static int letters(char[] text, int start, int to, boolean han) {
        int end = start;
        while (end < to) {
            int codePoint = CharacterClass.codePoint(text, end, to);
            if (isHan(codePoint) != han || (CharacterClass.of(codePoint) & LETTER) == 0 && !han) {
                break;
            }
            end += codePoint > 0xFFFF ? 2 : 1;
        }
        return end;
    }

    private static boolean isHan(int c) {
        return c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF
                || c >= 0x20000 && c <= 0x2A6DF || c >= 0x2A700 && c <= 0x2EBEF
                || c >= 0xF900 && c <= 0xFAFF || c >= 0x2F800 && c <= 0x2FA1F;
    }
}
