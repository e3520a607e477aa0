package dev.sluice.runtime;

import java.util.Arrays;

/// The tokens of one sequence: its prompt, then what was generated. Engine thread only.
public final class TokenHistory {
    private final int promptLength;
    private int[] tokenIds;
    private int size;

    public TokenHistory(int[] promptIds) {
        promptLength = promptIds.length;
        size = promptIds.length;
        tokenIds = Arrays.copyOf(promptIds, Math.max(16, promptIds.length * 2));
    }

    public int size() { return size; }

    public int promptLength() { return promptLength; }

    public int generated() { return size - promptLength; }

    public int get(int position) {
        return tokenIds[position];
    }

    /// All tokens, valid up to [#size], for reading; another array after some [#add].
    int[] tokenIds() { return tokenIds; }

    public void add(int tokenId) {
        if (size == tokenIds.length) {
            tokenIds = Arrays.copyOf(tokenIds, size * 2);
        }
        tokenIds[size++] = tokenId;
    }

    /// Forgets the tokens from `length` on, which is not below the prompt's length.
    void cut(int length) {
        size = Math.clamp(length, promptLength, size);
    }

    /// How many tokens at the start two histories have in common.
    int commonPrefix(TokenHistory other) {
        int mismatch = Arrays.mismatch(tokenIds, 0, size, other.tokenIds, 0, other.size);
        return mismatch < 0 ? size : mismatch;
    }
}
