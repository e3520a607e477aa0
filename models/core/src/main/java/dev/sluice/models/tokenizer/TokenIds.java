package dev.sluice.models.tokenizer;

import java.util.Arrays;

/// A growing list of token ids. One encode call owns it.
final class TokenIds {
    private int[] ids;
    private int size;

    TokenIds(int capacity) {
        ids = new int[Math.max(8, capacity)];
    }

    int size() { return size; }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, size * 2);
        }
        ids[size++] = id;
    }

    void addAll(int[] more) {
        if (size + more.length > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(size + more.length, size * 2));
        }
        System.arraycopy(more, 0, ids, size, more.length);
        size += more.length;
    }

    /// Forgets everything from index `size` on.
    void truncate(int newSize) {
        size = newSize;
    }

    int[] from(int index) {
        return Arrays.copyOfRange(ids, index, size);
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
