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

    public void forbidAll() {
        Arrays.fill(words, 0);
    }

    public void allowAll() {
        Arrays.fill(words, -1);
    }
}
