package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.TokenModel.CharacterBpe;
import java.nio.charset.StandardCharsets;

/// Byte-pair encoding over characters with byte fallback: SentencePiece models of the Llama-2 and
/// Gemma kind as a `tokenizer.json` writes them. Immutable but for a cache that any thread may
/// use.
final class CharacterEncoder implements FragmentEncoder {
    /// A character without a token; merges with nothing and becomes the unknown token.
    private static final int UNKNOWN = -2;

    private final PreTokenizer splitter;
    private final CharacterBpe model;
    private final TokenText rules;
    private final MergeTable merges;
    private final WritableTokens index;
    private final ByteTokens byteTokens;
    private final Vocabulary vocabulary;
    private final PieceCache cache = new PieceCache();

    CharacterEncoder(Vocabulary vocabulary, CharacterBpe model) {
        this.vocabulary = vocabulary;
        this.model = model;
        this.rules = new TokenText(model.rules());
        this.index = new WritableTokens(vocabulary.index(), vocabulary.writable());
        this.merges = new MergeTable(vocabulary.texts(), index, model.merges());
        this.byteTokens = new ByteTokens(vocabulary);
        this.splitter = isDivisible()
                ? model.splitter().then(new MergeBoundaryScanner(vocabulary, index.writable()))
                : model.splitter();
    }

    /// Whether pieces may be divided further without a change of ids: not where merges go through
    /// texts that are no tokens, where a whole piece is looked up, or where unknown tokens of
    /// neighbours become one.
    private boolean isDivisible() {
        boolean fuses = switch (model.fallback()) {
            case BYTES -> !byteTokens.isComplete();
            case UNKNOWN_EACH -> false;
            case UNKNOWN_FUSED -> true;
        };
        return !fuses && !merges.hasExtraTexts() && !model.ignoreMerges();
    }

    @Override
    public void encode(char[] text, int from, int to, boolean atStart, TokenIds out) {
        char[] ruled = rules.apply(text, from, to, atStart);
        int start = ruled == text ? from : 0;
        int end = ruled == text ? to : ruled.length;
        splitter.split(ruled, start, end, (a, b) -> piece(ruled, a, b, out));
    }

    @Override
    public byte[] decode(String text) {
        return text.replace(MergeBoundaryScanner.SPACE_MARK, ' ').getBytes(StandardCharsets.UTF_8);
    }

    private void piece(char[] text, int from, int to, TokenIds out) {
        if (to - from > PieceCache.LONGEST) {
            merge(text, from, to, out);
            return;
        }
        int hash = PieceCache.hash(text, from, to);
        if (!cache.append(hash, text, from, to, out)) {
            int before = out.size();
            merge(text, from, to, out);
            cache.put(hash, text, from, to, out.from(before));
        }
    }

    private void merge(char[] text, int from, int to, TokenIds out) {
        byte[] utf8 = new byte[(to - from) * 3];
        int bytes = Utf8.encode(text, from, to, utf8);
        if (model.ignoreMerges()) {
            int id = index.find(utf8, 0, bytes);
            if (id != TextIndex.ABSENT) {
                out.add(id);
                return;
            }
        }
        int[] symbols = new int[bytes];
        int count = 0;
        for (int i = 0; i < bytes; i += Utf8.length(utf8[i])) {
            count = character(utf8, i, symbols, count);
        }
        count = merges.merge(symbols, count);
        for (int i = 0; i < count; i++) {
            emit(symbols[i], i > 0 && symbols[i - 1] == UNKNOWN, out);
        }
    }

    private int character(byte[] utf8, int at, int[] symbols, int count) {
        int length = Utf8.length(utf8[at]);
        int id = index.find(utf8, at, at + length);
        if (id != TextIndex.ABSENT || model.fallback() != TokenModel.Fallback.BYTES
                || !byteTokens.haveAll(utf8, at, at + length)) {
            symbols[count] = id == TextIndex.ABSENT ? UNKNOWN : id;
            return count + 1;
        }
        for (int i = 0; i < length; i++) {
            symbols[count + i] = byteTokens.id(utf8[at + i]);
        }
        return count + length;
    }

    private void emit(int symbol, boolean afterUnknown, TokenIds out) {
        if (symbol >= 0 && symbol < vocabulary.size()) {
            out.add(symbol);
        } else if (symbol == UNKNOWN
                && !(afterUnknown && model.fallback() != TokenModel.Fallback.UNKNOWN_EACH)) {
            vocabulary.roles().unknown().ifPresent(out::add);
        }
    }
}
