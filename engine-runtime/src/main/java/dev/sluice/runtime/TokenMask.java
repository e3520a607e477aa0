package dev.sluice.runtime;

import java.util.Arrays;

/// One bit per vocabulary id: whether the token may come next. The sampler applies it before
/// everything else. Owned by one sequence; engine thread only.
public final class TokenMask {
    private final long[] words;
    private final int vocab;

    /// A mask of `vocab` tokens, none of them allowed.
    public TokenMask(int vocab) {
        this.vocab = vocab;
        words = new long[(vocab + 63) / 64];
    }

    public int vocab() { return vocab; }

    public boolean allows(int tokenId) {
        return (words[tokenId >> 6] >>> tokenId & 1) != 0;
    }

    public void allow(int tokenId) {
        words[tokenId >> 6] |= 1L << tokenId;
    }

    public void forbid(int tokenId) {
        words[tokenId >> 6] &= ~(1L << tokenId);
    }

    public void allowAll() {
        Arrays.fill(words, -1);
    }

    /// Allows the tokens whose bits are set, and no others: token `t` is bit `t % 64` of word
    /// `t / 64`.
    public void allowOnly(long[] bits) {
        if (bits.length != words.length) {
            throw new IllegalArgumentException(
                    "bits of %d tokens, expected %d".formatted(64 * bits.length, vocab));
        }
        System.arraycopy(bits, 0, words, 0, words.length);
    }
}
