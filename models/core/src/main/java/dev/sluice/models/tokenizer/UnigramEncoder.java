package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Unigram language model tokens (Kudo, "Subword Regularization", section 3.2): of all divisions of
/// a piece into tokens the one of the highest sum of scores, found by Viterbi's algorithm from the
/// left; of equals the one whose last token is longest. A character that no token is costs as much
/// as the least score and ten more (SentencePiece's penalty). Sums are double and in the order of
/// the text, as HuggingFace's tokenizers and libllama have them, so that ids are theirs. Immutable
/// but for a cache that any thread may use.
final class UnigramEncoder implements FragmentEncoder {
    private static final double UNKNOWN_PENALTY = 10;

    private final TokenModel.Unigram model;
    private final TokenText rules;
    private final WritableTokens index;
    private final ByteTokens byteTokens;
    private final Vocabulary vocabulary;
    private final double unknownScore;
    private final PieceCache cache = new PieceCache();

    UnigramEncoder(Vocabulary vocabulary, TokenModel.Unigram model) {
        this.vocabulary = vocabulary;
        this.model = model;
        this.rules = new TokenText(model.rules());
        this.index = new WritableTokens(vocabulary.index(), vocabulary.writable());
        this.byteTokens = new ByteTokens(vocabulary);
        double least = 0;
        for (int id = 0; id < vocabulary.size(); id++) {
            least = vocabulary.type(id) == TokenType.NORMAL
                    ? Math.min(least, model.score(id)) : least;
        }
        unknownScore = least - UNKNOWN_PENALTY;
    }

    @Override
    public void encode(char[] text, int from, int to, boolean atStart, TokenIds out) {
        char[] ruled = rules.apply(text, from, to, atStart);
        int start = ruled == text ? from : 0;
        int end = ruled == text ? to : ruled.length;
        model.splitter().split(ruled, start, end, (a, b) -> piece(ruled, a, b, out));
    }

    @Override
    public byte[] decode(String text) {
        return text.replace(MergeBoundaryScanner.SPACE_MARK, ' ').getBytes(StandardCharsets.UTF_8);
    }

    private void piece(char[] text, int from, int to, TokenIds out) {
        if (to - from > PieceCache.LONGEST) {
            best(text, from, to, out);
            return;
        }
        int hash = PieceCache.hash(text, from, to);
        if (!cache.append(hash, text, from, to, out)) {
            int before = out.size();
            best(text, from, to, out);
            cache.put(hash, text, from, to, out.from(before));
        }
    }

    private void best(char[] text, int from, int to, TokenIds out) {
        byte[] utf8 = new byte[(to - from) * 3];
        int bytes = Utf8.encode(text, from, to, utf8);
        var path = new Path(bytes);
        for (int at = 0; at < bytes; at += Utf8.length(utf8[at])) {
            int single = at + Utf8.length(utf8[at]);
            boolean known = false;
            int last = Math.min(bytes, at + index.index().longest());
            for (int end = single; end <= last; end = next(utf8, end, bytes)) {
                int id = index.find(utf8, at, end);
                if (id != TextIndex.ABSENT) {
                    path.offer(at, end, id, model.score(id));
                    known |= end == single;
                }
            }
            if (!known) {
                path.offer(at, single, TextIndex.ABSENT, unknownScore);
            }
        }
        emit(utf8, bytes, path, out);
    }

    /// The end behind the next character; beyond all when there is none.
    private static int next(byte[] utf8, int end, int bytes) {
        return end >= bytes ? Integer.MAX_VALUE : end + Utf8.length(utf8[end]);
    }

    /// The best division of every beginning of a piece: its score, and where its last token begins
    /// and which it is.
    private static final class Path {
        private final double[] scores;
        private final int[] starts;
        private final int[] tokens;

        Path(int bytes) {
            scores = new double[bytes + 1];
            starts = new int[bytes + 1];
            tokens = new int[bytes + 1];
            Arrays.fill(starts, TextIndex.ABSENT);
        }

        void offer(int from, int to, int token, double score) {
            double sum = score + scores[from];
            if (starts[to] == TextIndex.ABSENT || sum > scores[to]) {
                scores[to] = sum;
                starts[to] = from;
                tokens[to] = token;
            }
        }
    }

    private void emit(byte[] utf8, int bytes, Path path, TokenIds out) {
        int[] ends = new int[bytes];
        int count = 0;
        for (int end = bytes; end > 0; end = path.starts[end]) {
            ends[count++] = end;
        }
        for (int i = count - 1; i >= 0; i--) {
            int token = path.tokens[ends[i]];
            if (token != TextIndex.ABSENT) {
                out.add(token);
                continue;
            }
            int from = path.starts[ends[i]];
            // A run of unknown characters is one unknown text.
            while (i > 0 && path.tokens[ends[i - 1]] == TextIndex.ABSENT) {
                i--;
            }
            unknown(utf8, from, ends[i], out);
        }
    }

    private void unknown(byte[] utf8, int from, int to, TokenIds out) {
        if (model.byteFallback() && byteTokens.haveAll(utf8, from, to)) {
            for (int i = from; i < to; i++) {
                out.add(byteTokens.id(utf8[i]));
            }
        } else {
            vocabulary.roles().unknown().ifPresent(out::add);
        }
    }
}
