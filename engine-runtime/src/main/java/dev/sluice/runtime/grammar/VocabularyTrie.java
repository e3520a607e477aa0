package dev.sluice.runtime.grammar;

import dev.sluice.models.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Set;

/// The bytes of all tokens of a vocabulary as a tree, one node per common prefix, in the order of
/// a walk from left to right: a subtree is the range from a node to [#after].
///
///     ""  a  ab  abc  ad  b        node   0 1 2 3 4 5
///                                  after  6 5 4 4 5 6
///
/// Tokens of whole characters with no quote, backslash or control character are `plain`. Inside a
/// string they are nine tenths of a vocabulary and all treated alike, so they can be taken or left
/// at once. One per model; immutable, any thread.
public final class VocabularyTrie {
    private final int vocab;
    private final int[] after;
    private final byte[] labels;
    private final short[] depths;
    /// Tokens of node n: `tokens[firstToken[n]]` to `tokens[firstToken[n + 1]]`, exclusive.
    private final int[] firstToken;
    private final int[] tokens;
    private final byte[][] bytes;
    private final PlainTokens plain;
    private final int[] control;
    private final int[] endOfGeneration;
    private final int[] twoQuotes;

    /// A trie of the token ids below `vocab`, which may be less than the tokenizer has.
    public VocabularyTrie(Tokenizer tokenizer, int vocab) {
        this.vocab = Math.min(vocab, tokenizer.vocabSize());
        bytes = new byte[this.vocab][];
        Set<Integer> ends = tokenizer.endOfGeneration();
        int[] sorted = new int[this.vocab];
        int[] silent = new int[this.vocab];
        int sortedCount = 0;
        int silentCount = 0;
        for (int id = 0; id < this.vocab; id++) {
            boolean end = ends.contains(id);
            bytes[id] = end ? new byte[0] : tokenizer.bytes(id);
            if (bytes[id].length > 0) {
                sorted[sortedCount++] = id;
            } else if (!end) {
                silent[silentCount++] = id;
            }
        }
        control = Arrays.copyOf(silent, silentCount);
        endOfGeneration = below(ends, this.vocab);
        tokens = sortedByBytes(Arrays.copyOf(sorted, sortedCount));
        int nodes = countNodes();
        after = new int[nodes];
        labels = new byte[nodes];
        depths = new short[nodes];
        firstToken = new int[nodes + 1];
        fillNodes();
        plain = new PlainTokens(this);
        twoQuotes = withTwoQuotes();
    }

    public int vocab() { return vocab; }

    /// The bytes of a token; none for one that ends the text or has no text. Not to be changed.
    byte[] bytes(int tokenId) { return bytes[tokenId]; }

    int nodeCount() { return after.length; }

    /// The first node after the subtree of `node`.
    int after(int node) { return after[node]; }

    /// The byte from its parent to `node`, 0 to 255.
    int label(int node) { return labels[node] & 0xff; }

    int depth(int node) { return depths[node]; }

    int firstToken(int node) { return firstToken[node]; }

    int token(int index) { return tokens[index]; }

    PlainTokens plain() { return plain; }

    /// Tokens without bytes that do not end a text.
    int[] control() { return control; }

    int[] endOfGeneration() { return endOfGeneration; }

    /// Tokens with two or more quotes: those that may hold a whole property name.
    int[] twoQuotes() { return twoQuotes; }

    private static int[] below(Set<Integer> ids, int limit) {
        int[] some = new int[ids.size()];
        int count = 0;
        for (int id : ids) {
            if (id >= 0 && id < limit) {
                some[count++] = id;
            }
        }
        return Arrays.copyOf(some, count);
    }

    private int[] sortedByBytes(int[] ids) {
        Integer[] order = new Integer[ids.length];
        for (int i = 0; i < ids.length; i++) {
            order[i] = ids[i];
        }
        Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]));
        int[] sorted = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            sorted[i] = order[i];
        }
        return sorted;
    }

    private int countNodes() {
        int nodes = 1;
        byte[] last = new byte[0];
        for (int id : tokens) {
            nodes += bytes[id].length - common(last, bytes[id]);
            last = bytes[id];
        }
        return nodes;
    }

    private void fillNodes() {
        int[] path = new int[1 + longest()];
        byte[] last = new byte[0];
        int node = 0;
        for (int i = 0; i < tokens.length; i++) {
            byte[] text = bytes[tokens[i]];
            int shared = common(last, text);
            for (int depth = last.length; depth > shared; depth--) {
                after[path[depth]] = node + 1;
            }
            for (int depth = shared; depth < text.length; depth++) {
                node++;
                firstToken[node] = i;
                labels[node] = text[depth];
                depths[node] = (short) (depth + 1);
                path[depth + 1] = node;
            }
            last = text;
        }
        for (int depth = last.length; depth >= 0; depth--) {
            after[path[depth]] = node + 1;
        }
        firstToken[node + 1] = tokens.length;
    }

    private int longest() {
        int longest = 0;
        for (int id : tokens) {
            longest = Math.max(longest, bytes[id].length);
        }
        if (longest > Short.MAX_VALUE) {
            throw new IllegalArgumentException("a token of " + longest + " bytes");
        }
        return longest;
    }

    private int[] withTwoQuotes() {
        int[] found = new int[tokens.length];
        int count = 0;
        for (int id : tokens) {
            int quotes = 0;
            for (byte b : bytes[id]) {
                quotes += b == '"' ? 1 : 0;
            }
            if (quotes > 1) {
                found[count++] = id;
            }
        }
        return Arrays.copyOf(found, count);
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }
}
