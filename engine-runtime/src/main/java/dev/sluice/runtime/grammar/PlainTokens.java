package dev.sluice.runtime.grammar;

import java.util.Arrays;

/// The tokens of a [VocabularyTrie] that are whole characters with no quote, backslash or control
/// character: what may come anywhere inside a JSON string. Immutable.
final class PlainTokens {
    private final long[] bits;
    /// Plain tokens in the trie's order, and how many characters each has.
    private final int[] ids;
    private final short[] characters;
    /// Node -> index of the first plain token at or after it.
    private final int[] first;
    /// Node -> the first node at or after it whose subtree has a token that is not plain.
    private final int[] mixed;
    private final int longest;

    PlainTokens(VocabularyTrie trie) {
        int nodes = trie.nodeCount();
        int total = trie.firstToken(nodes);
        bits = new long[(trie.vocab() + 63) / 64];
        first = new int[nodes + 1];
        boolean[] isMixed = new boolean[nodes];
        int[] found = new int[total];
        short[] lengths = new short[total];
        int count = 0;
        int[] path = new int[1 << 16];
        for (int node = 0; node < nodes; node++) {
            first[node] = count;
            path[trie.depth(node)] = node;
            for (int i = trie.firstToken(node); i < trie.firstToken(node + 1); i++) {
                int id = trie.token(i);
                int length = plainLength(trie.bytes(id));
                if (length > 0) {
                    found[count] = id;
                    lengths[count++] = (short) length;
                    bits[id >> 6] |= 1L << id;
                } else {
                    for (int depth = 0; depth <= trie.depth(node); depth++) {
                        isMixed[path[depth]] = true;
                    }
                }
            }
        }
        first[nodes] = count;
        mixed = new int[nodes];
        int next = nodes;
        for (int node = nodes - 1; node >= 0; node--) {
            next = isMixed[node] ? node : next;
            mixed[node] = next;
        }
        ids = Arrays.copyOf(found, count);
        characters = Arrays.copyOf(lengths, count);
        int most = 0;
        for (short length : characters) {
            most = Math.max(most, length);
        }
        longest = most;
    }

    /// Characters of the longest one.
    int longest() { return longest; }

    /// The first node at or after `node` whose subtree has a token that is not plain.
    int mixed(int node) { return mixed[node]; }

    /// Sets the bits of the plain tokens in the subtree of `node` that have at most `limit`
    /// characters more than `before`.
    void allow(VocabularyTrie trie, int node, int before, int limit, long[] mask) {
        if (node == 0 && limit >= longest) {
            for (int i = 0; i < bits.length; i++) {
                mask[i] |= bits[i];
            }
            return;
        }
        int end = first[trie.after(node)];
        int most = limit >= longest ? longest : before + limit;
        for (int i = first[node]; i < end; i++) {
            if (characters[i] <= most) {
                mask[ids[i] >> 6] |= 1L << ids[i];
            }
        }
    }

    /// Characters of a plain text, or 0. The bytes must be well-formed UTF-8 (RFC 3629).
    private static int plainLength(byte[] text) {
        int count = 0;
        int at = 0;
        while (at < text.length) {
            int size = characterSize(text, at);
            if (size == 0) {
                return 0;
            }
            at += size;
            count++;
        }
        return count;
    }

    private static int characterSize(byte[] text, int at) {
        int lead = text[at] & 0xff;
        if (lead < 0x80) {
            return lead < 0x20 || lead == '"' || lead == '\\' ? 0 : 1;
        }
        int size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (size == 0 || at + size > text.length) {
            return 0;
        }
        int code = lead & 0xff >> size + 1;
        for (int i = 1; i < size; i++) {
            int next = text[at + i] & 0xff;
            if (next >> 6 != 2) {
                return 0;
            }
            code = code << 6 | next & 0x3f;
        }
        boolean overlong = size == 3 && code < 0x800 || size == 4 && code < 0x10000;
        boolean surrogate = code >= 0xD800 && code <= 0xDFFF;
        return overlong || surrogate || code > 0x10FFFF ? 0 : size;
    }
}
