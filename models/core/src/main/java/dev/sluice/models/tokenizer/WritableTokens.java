package dev.sluice.models.tokenizer;

import java.util.BitSet;

/// Finds tokens by text among those that text may become; marks are not found. Immutable.
record WritableTokens(TextIndex index, BitSet writable) {

    /// The id, or [TextIndex#ABSENT].
    int find(byte[] bytes, int from, int to) {
        return allowed(index.find(bytes, from, to));
    }

    int findJoined(int hash, byte[] bytes, int left, int leftLength, int right,
            int rightLength) {
        return allowed(index.findJoined(hash, bytes, left, leftLength, right, rightLength));
    }

    private int allowed(int id) {
        return id != TextIndex.ABSENT && writable.get(id) ? id : TextIndex.ABSENT;
    }
}
