package dev.sluice.models.tokenizer;

import java.util.Arrays;

/// Ids of pieces seen before: a direct-mapped table, so its size is bounded and a newcomer simply
/// replaces what was there. Any thread: an entry is immutable with final fields, so a racing
/// reader sees a whole entry or none, and a lost write costs one more merge.
final class PieceCache {
    /// A longer piece is rarely seen again.
    static final int LONGEST = 32;
    /// English text of ten megabytes has some 10^5 distinct pieces, most of them rare.
    private static final int ENTRIES = 1 << 15;
    private static final Entry NONE = new Entry(new char[0], new int[0]);

    private final Entry[] entries = new Entry[ENTRIES];

    private record Entry(char[] piece, int[] ids) { }

    PieceCache() {
        Arrays.fill(entries, NONE);
    }

    static int hash(char[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + text[i];
        }
        hash *= 0x9E3779B9;
        return hash >>> 17;
    }

    /// Appends the ids of `[from, to)` to `out`; false when they are not here.
    boolean append(int hash, char[] text, int from, int to, TokenIds out) {
        Entry entry = entries[hash];
        char[] piece = entry.piece;
        if (piece.length != to - from) {
            return false;
        }
        for (int i = 0; i < piece.length; i++) {
            if (piece[i] != text[from + i]) {
                return false;
            }
        }
        out.addAll(entry.ids);
        return true;
    }

    void put(int hash, char[] text, int from, int to, int[] ids) {
        entries[hash] = new Entry(Arrays.copyOfRange(text, from, to), ids);
    }
}
