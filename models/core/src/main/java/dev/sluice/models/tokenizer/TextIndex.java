package dev.sluice.models.tokenizer;

import java.util.Arrays;

/// Finds the id of a text of a [TextTable]: open addressing over `int` pairs (hash, id + 1), so
/// that 128k texts cost one array. No two texts may be the same. Immutable.
final class TextIndex {
    /// No such text. Package-private and hot, so a number and not an `Optional`.
    static final int ABSENT = -1;
    private static final int PRIME = 0x01000193;

    private final TextTable texts;
    private final int[] slots;
    private final int mask;
    private final int longest;

    TextIndex(TextTable texts) {
        this.texts = texts;
        int capacity = Integer.highestOneBit(Math.max(8, texts.size()) * 2 - 1) * 2;
        this.slots = new int[capacity * 2];
        this.mask = capacity - 1;
        int most = 0;
        for (int id = 0; id < texts.size(); id++) {
            insert(id);
            most = Math.max(most, texts.length(id));
        }
        this.longest = most;
    }

    TextTable texts() { return texts; }

    /// Bytes of the longest text.
    int longest() { return longest; }

    /// FNV-1a over bytes, continued from `hash`, so that `hash(hash(0, a), b)` is that of `ab`.
    static int hash(int hash, byte[] bytes, int from, int to) {
        int h = hash;
        for (int i = from; i < to; i++) {
            h = (h ^ bytes[i]) * PRIME;
        }
        return h;
    }

    int find(byte[] bytes, int from, int to) {
        return to - from > longest ? ABSENT : find(hash(0, bytes, from, to), bytes, from, to);
    }

    int find(byte[] text) {
        return find(text, 0, text.length);
    }

    private int find(int hash, byte[] bytes, int from, int to) {
        for (int slot = slot(hash);; slot = (slot + 1) & mask) {
            int id = slots[slot * 2 + 1] - 1;
            if (id < 0 || slots[slot * 2] == hash && isText(id, bytes, from, to)) {
                return id;
            }
        }
    }

    /// The id of `left` followed by `right`, two ranges of `bytes`, given the hash of both.
    int findJoined(int hash, byte[] bytes, int left, int leftLength, int right, int rightLength) {
        for (int slot = slot(hash);; slot = (slot + 1) & mask) {
            int id = slots[slot * 2 + 1] - 1;
            if (id < 0 || slots[slot * 2] == hash
                    && texts.length(id) == leftLength + rightLength
                    && equal(texts.start(id), bytes, left, leftLength)
                    && equal(texts.start(id) + leftLength, bytes, right, rightLength)) {
                return id;
            }
        }
    }

    private void insert(int id) {
        int start = texts.start(id);
        int end = start + texts.length(id);
        int hash = hash(0, texts.utf8(), start, end);
        int slot = slot(hash);
        while (slots[slot * 2 + 1] != 0) {
            int other = slots[slot * 2 + 1] - 1;
            if (slots[slot * 2] == hash && isText(other, texts.utf8(), start, end)) {
                throw new IllegalArgumentException("tokens %d and %d have the same text '%s'"
                        .formatted(other, id, texts.text(id)));
            }
            slot = (slot + 1) & mask;
        }
        slots[slot * 2] = hash;
        slots[slot * 2 + 1] = id + 1;
    }

    private boolean isText(int id, byte[] bytes, int from, int to) {
        return texts.length(id) == to - from && equal(texts.start(id), bytes, from, to - from);
    }

    private boolean equal(int start, byte[] bytes, int from, int length) {
        return Arrays.equals(texts.utf8(), start, start + length, bytes, from, from + length);
    }

    private int slot(int hash) {
        int h = hash * 0x9E3779B9;
        return (h ^ h >>> 15) & mask;
    }
}
