package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;

/// SentencePiece byte-pair encoding by score (Kudo and Richardson, "SentencePiece"): neighbours
/// whose joined text is a token merge, the best score first and of equals the leftmost; what is
/// left without a token becomes byte tokens. Immutable but for a cache that any thread may use.
final class SentencePieceEncoder implements FragmentEncoder {
    private final boolean spacePrefix;
    private final PreTokenizer splitter;
    private final WritableTokens index;
    private final ByteTokens byteTokens;
    private final Vocabulary vocabulary;
    /// Priority of each token as a merge: its score's order, reversed so that less is first.
    private final int[] priorities;
    private final PieceCache cache = new PieceCache();

    SentencePieceEncoder(Vocabulary vocabulary, TokenModel.SentencePiece model) {
        this.vocabulary = vocabulary;
        this.spacePrefix = model.spacePrefix();
        this.index = new WritableTokens(vocabulary.index(), vocabulary.writable());
        this.splitter = new MergeBoundaryScanner(vocabulary, index.writable());
        this.byteTokens = new ByteTokens(vocabulary);
        this.priorities = priorities(vocabulary);
    }

    private static int[] priorities(Vocabulary vocabulary) {
        float[] scores = vocabulary.scores();
        int[] priorities = new int[vocabulary.size()];
        for (int id = 0; id < Math.min(priorities.length, scores.length); id++) {
            int bits = Float.floatToIntBits(scores[id] + 0f);
            priorities[id] = ~(bits ^ bits >> 31 & 0x7FFFFFFF);
        }
        return priorities;
    }

    @Override
    public void encode(char[] text, int from, int to, boolean atStart, TokenIds out) {
        int shift = spacePrefix ? 1 : 0;
        char[] escaped = new char[to - from + shift];
        escaped[0] = MergeBoundaryScanner.SPACE_MARK;
        for (int i = from; i < to; i++) {
            escaped[i - from + shift] = text[i] == ' ' ? MergeBoundaryScanner.SPACE_MARK : text[i];
        }
        splitter.split(escaped, 0, escaped.length, (a, b) -> piece(escaped, a, b, out));
    }

    @Override
    public byte[] decode(String text) {
        return text.replace(MergeBoundaryScanner.SPACE_MARK, ' ').getBytes(StandardCharsets.UTF_8);
    }

    private void piece(char[] text, int from, int to, TokenIds out) {
        if (to - from > PieceCache.LONGEST) {
            new Merging(text, from, to).run(out);
            return;
        }
        int hash = PieceCache.hash(text, from, to);
        if (!cache.append(hash, text, from, to, out)) {
            int before = out.size();
            new Merging(text, from, to).run(out);
            cache.put(hash, text, from, to, out.from(before));
        }
    }

    /// One piece being merged: symbol `i` is bytes `[starts[i], starts[next[i]])`, in a linked
    /// list; `joined[i]` is the token of symbol `i` and its follower, and a heap entry of `i` is
    /// stale when that token's priority is no longer the entry's.
    private final class Merging {
        private final byte[] utf8;
        private final int[] starts;
        private final int[] next;
        private final int[] previous;
        private final int[] joined;
        private final int count;
        private final MergeQueue queue;

        Merging(char[] text, int from, int to) {
            utf8 = new byte[(to - from) * 3];
            int bytes = Utf8.encode(text, from, to, utf8);
            starts = new int[to - from + 1];
            int n = 0;
            for (int i = 0; i < bytes; i += Utf8.length(utf8[i])) {
                starts[n++] = i;
            }
            count = n;
            starts[n] = bytes;
            next = new int[n + 1];
            previous = new int[n + 1];
            joined = new int[n + 1];
            queue = new MergeQueue(n);
        }

        void run(TokenIds out) {
            for (int i = 0; i < count; i++) {
                next[i] = i + 1;
                previous[i] = i - 1;
            }
            for (int i = 0; i < count; i++) {
                offer(i);
            }
            while (!queue.isEmpty()) {
                long entry = queue.take();
                int left = (int) entry;
                int token = joined[left];
                if (token == TextIndex.ABSENT || priorities[token] != (int) (entry >> 32)) {
                    continue;
                }
                int right = next[left];
                joined[right] = TextIndex.ABSENT;
                next[left] = next[right];
                previous[next[left]] = left;
                offer(left);
                if (previous[left] >= 0) {
                    offer(previous[left]);
                }
            }
            for (int i = 0; i < count; i = next[i]) {
                emit(starts[i], starts[next[i]], out);
            }
        }

        private void offer(int left) {
            int right = next[left];
            joined[left] = right >= count ? TextIndex.ABSENT
                    : index.find(utf8, starts[left], starts[next[right]]);
            if (joined[left] != TextIndex.ABSENT) {
                queue.add(priorities[joined[left]], left);
            }
        }

        private void emit(int from, int to, TokenIds out) {
            int id = index.find(utf8, from, to);
            if (id != TextIndex.ABSENT) {
                out.add(id);
                return;
            }
            for (int i = from; i < to; i++) {
                int single = byteTokens.id(utf8[i]);
                if (single != TextIndex.ABSENT) {
                    out.add(single);
                } else {
                    vocabulary.roles().unknown().ifPresent(out::add);
                }
            }
        }
    }
}
