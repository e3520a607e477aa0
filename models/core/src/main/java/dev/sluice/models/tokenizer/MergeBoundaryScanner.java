package dev.sluice.models.tokenizer;

import java.util.BitSet;

/// Divides text that is merged as a whole, as SentencePiece's is, at places that no merge can
/// cross: between two characters that stand side by side in no token. ASCII characters, `▁` and
/// everything else count as 130 kinds of character, so the table is small and errs towards not
/// dividing. The ids stay the same, and one long merge becomes many small ones that a cache can
/// answer: in most vocabularies a `▁` after another character begins a piece, and a line break
/// stands alone. Immutable.
final class MergeBoundaryScanner implements PreTokenizer {
    /// Stands for a space.
    static final char SPACE_MARK = '\u2581';
    private static final int MARK_KIND = 128;
    private static final int OTHER_KIND = 129;
    private static final int KINDS = 130;

    private final boolean[] joined = new boolean[KINDS * KINDS];

    MergeBoundaryScanner(Vocabulary vocabulary, BitSet writable) {
        TextTable texts = vocabulary.texts();
        for (int id = 0; id < texts.size(); id++) {
            if (writable.get(id)) {
                join(texts.utf8(), texts.start(id), texts.start(id) + texts.length(id));
            }
        }
    }

    private void join(byte[] utf8, int from, int to) {
        int before = -1;
        for (int i = from; i < to; i += Utf8.length(utf8[i])) {
            int kind = utf8[i] >= 0 ? utf8[i] : isMark(utf8, i, to) ? MARK_KIND : OTHER_KIND;
            if (before >= 0) {
                joined[before * KINDS + kind] = true;
            }
            before = kind;
        }
    }

    private static boolean isMark(byte[] utf8, int at, int to) {
        return at + 2 < to && utf8[at] == (byte) 0xE2 && utf8[at + 1] == (byte) 0x96
                && utf8[at + 2] == (byte) 0x81;
    }

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        if (from == to) {
            return;
        }
        int start = from;
        int before = kind(text[from]);
        for (int i = from + 1; i < to; i++) {
            int kind = kind(text[i]);
            if (!joined[before * KINDS + kind] && !Character.isLowSurrogate(text[i])) {
                out.piece(start, i);
                start = i;
            }
            before = kind;
        }
        out.piece(start, to);
    }

    private static int kind(char c) {
        return c < 128 ? c : c == SPACE_MARK ? MARK_KIND : OTHER_KIND;
    }
}
