package dev.sluice.models.tokenizer;

import java.util.function.IntPredicate;

/// Isolates runs of at most `most` characters that `chosen` holds for; the text between them are
/// pieces too. `\p{N}`, `\p{N}{1,3}` and the CJK ranges of the sequences are of this form.
record RunScanner(IntPredicate chosen, int most) implements PreTokenizer {

    static RunScanner numbers(int most) {
        return new RunScanner(c -> (CharacterClass.of(c) & CharacterClass.NUMBER) != 0, most);
    }

    /// `[一-龥぀-ゟ゠-ヿ]+`, the second pattern of deepseek-v3.
    static RunScanner chineseAndKana() {
        return new RunScanner(
                c -> c >= 0x4E00 && c <= 0x9FA5 || c >= 0x3040 && c <= 0x30FF, Integer.MAX_VALUE);
    }

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        int other = from;
        for (int start = from; start < to;) {
            int end = start;
            for (int n = 0; n < most && end < to; n++) {
                int codePoint = CharacterClass.codePoint(text, end, to);
                if (!chosen.test(codePoint)) {
                    break;
                }
                end += codePoint > 0xFFFF ? 2 : 1;
            }
            if (end == start) {
                start += CharacterClass.width(text, start, to);
                continue;
            }
            if (other < start) {
                out.piece(other, start);
            }
            out.piece(start, end);
            start = end;
            other = end;
        }
        if (other < to) {
            out.piece(other, to);
        }
    }
}
