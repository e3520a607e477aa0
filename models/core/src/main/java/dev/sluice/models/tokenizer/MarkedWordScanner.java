package dev.sluice.models.tokenizer;

/// Divides escaped SentencePiece text before every `▁` that follows another character. Exact for
/// a vocabulary in which no token continues past such a place, because then no merge crosses it;
/// [#suits] finds out. It turns one merge over a whole text into many small ones that a cache
/// can answer.
record MarkedWordScanner() implements PreTokenizer {
    /// Stands for a space.
    static final char SPACE_MARK = '\u2581';
    private static final byte[] MARK = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        int start = from;
        for (int i = from + 1; i < to; i++) {
            if (text[i] == SPACE_MARK && text[i - 1] != SPACE_MARK) {
                out.piece(start, i);
                start = i;
            }
        }
        if (start < to) {
            out.piece(start, to);
        }
    }

    static boolean suits(Vocabulary vocabulary) {
        TextTable texts = vocabulary.texts();
        for (int id = 0; id < texts.size(); id++) {
            if (vocabulary.isWritable(id) && crosses(texts, id)) {
                return false;
            }
        }
        return true;
    }

    private static boolean crosses(TextTable texts, int id) {
        byte[] utf8 = texts.utf8();
        boolean afterOther = false;
        int end = texts.start(id) + texts.length(id);
        for (int i = texts.start(id); i < end;) {
            boolean mark = i + 2 < end
                    && utf8[i] == MARK[0] && utf8[i + 1] == MARK[1] && utf8[i + 2] == MARK[2];
            if (mark && afterOther) {
                return true;
            }
            afterOther = !mark;
            i += mark ? 3 : 1;
        }
        return false;
    }
}
