package dev.sluice.runtime.grammar;

import java.util.Arrays;

/// The tokens that may follow a state, as bits or, when they are few, as a list; and the nodes of
/// the vocabulary's trie at which the state's rule may end. Immutable.
final class StateMask {
    /// As many ids take a quarter of the bytes of the bits of a vocabulary of 100,000.
    private static final int LISTED_MAX = 800;

    private final long[] bits;
    private final int[] ids;
    private final int[] exits;

    private StateMask(long[] bits, int[] ids, int[] exits) {
        this.bits = bits;
        this.ids = ids;
        this.exits = exits;
    }

    static StateMask of(long[] words, int[] exits) {
        int count = 0;
        for (long word : words) {
            count += Long.bitCount(word);
        }
        if (count > LISTED_MAX) {
            return new StateMask(words, new int[0], exits);
        }
        int[] listed = new int[count];
        int next = 0;
        for (int w = 0; w < words.length; w++) {
            for (long rest = words[w]; rest != 0; rest &= rest - 1) {
                listed[next++] = 64 * w + Long.numberOfTrailingZeros(rest);
            }
        }
        return new StateMask(new long[0], listed, exits);
    }

    /// Nodes at which the rule may end inside a token. Not to be changed.
    int[] exits() { return exits; }

    long bytes() { return 64 + 8L * bits.length + 4L * (ids.length + exits.length); }

    void addTo(long[] words) {
        for (int i = 0; i < bits.length; i++) {
            words[i] |= bits[i];
        }
        for (int id : ids) {
            words[id >> 6] |= 1L << id;
        }
    }

    @Override
    public String toString() {
        return bits.length > 0 ? "bits" : Arrays.toString(ids);
    }
}
