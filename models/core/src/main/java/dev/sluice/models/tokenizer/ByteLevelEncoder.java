package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.TokenModel.ByteLevelBpe;

/// Byte-level byte-pair encoding (Radford et al., "Language Models are Unsupervised Multitask
/// Learners", section 2.2): each piece of the pre-tokenizer is merged on its own, from bytes.
/// Immutable but for a cache that any thread may use.
final class ByteLevelEncoder implements FragmentEncoder {
    private final PreTokenizer splitter;
    private final boolean ignoreMerges;
    private final TokenText rules;
    private final MergeTable merges;
    private final WritableTokens index;
    private final int vocabSize;
    private final int[] byteSymbols = new int[256];
    private final PieceCache cache = new PieceCache();

    ByteLevelEncoder(Vocabulary vocabulary, ByteLevelBpe model) {
        this.splitter = model.splitter();
        this.ignoreMerges = model.ignoreMerges();
        this.rules = new TokenText(model.rules());
        this.index = new WritableTokens(vocabulary.index(), vocabulary.writable());
        this.merges = new MergeTable(vocabulary.texts(), index, model.merges());
        this.vocabSize = vocabulary.size();
        for (int b = 0; b < 256; b++) {
            byteSymbols[b] = merges.symbolOf(String.valueOf(ByteAlphabet.character(b)));
        }
    }

    @Override
    public void encode(char[] text, int from, int to, boolean atStart, TokenIds out) {
        var room = new Room();
        char[] ruled = rules.apply(text, from, to, atStart);
        int start = ruled == text ? from : 0;
        int end = ruled == text ? to : ruled.length;
        splitter.split(ruled, start, end, (a, b) -> piece(ruled, a, b, room, out));
    }

    @Override
    public byte[] decode(String text) {
        return ByteAlphabet.decode(text);
    }

    /// Working memory of one call.
    private static final class Room {
        private byte[] utf8 = new byte[96];
        private byte[] spelled = new byte[192];
        private int[] symbols = new int[96];

        void reserve(int characters) {
            if (utf8.length < characters * 3) {
                utf8 = new byte[characters * 3];
                spelled = new byte[characters * 6];
                symbols = new int[characters * 3];
            }
        }
    }

    private void piece(char[] text, int from, int to, Room room, TokenIds out) {
        if (to - from > PieceCache.LONGEST) {
            merge(text, from, to, room, out);
            return;
        }
        int hash = PieceCache.hash(text, from, to);
        if (!cache.append(hash, text, from, to, out)) {
            int before = out.size();
            merge(text, from, to, room, out);
            cache.put(hash, text, from, to, out.from(before));
        }
    }

    private void merge(char[] text, int from, int to, Room room, TokenIds out) {
        room.reserve(to - from);
        int bytes = Utf8.encode(text, from, to, room.utf8);
        if (ignoreMerges) {
            int length = ByteAlphabet.encode(room.utf8, bytes, room.spelled);
            int id = index.find(room.spelled, 0, length);
            if (id != TextIndex.ABSENT) {
                out.add(id);
                return;
            }
        }
        int[] symbols = room.symbols;
        for (int i = 0; i < bytes; i++) {
            symbols[i] = byteSymbols[room.utf8[i] & 0xFF];
        }
        int count = merges.merge(symbols, bytes);
        for (int i = 0; i < count; i++) {
            emit(symbols[i], out);
        }
    }

    /// A symbol that is no token falls apart into its bytes; those that are none either are
    /// dropped, as libllama does.
    private void emit(int symbol, TokenIds out) {
        if (symbol >= 0 && symbol < vocabSize) {
            out.add(symbol);
        } else if (symbol >= vocabSize) {
            String spelled = merges.extraText(symbol);
            for (int i = 0; i < spelled.length(); i++) {
                int single = merges.symbolOf(spelled.substring(i, i + 1));
                if (single >= 0 && single < vocabSize) {
                    out.add(single);
                }
            }
        }
    }
}
