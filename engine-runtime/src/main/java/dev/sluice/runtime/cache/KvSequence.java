package dev.sluice.runtime.cache;

import java.util.Arrays;

/// The positions of one sequence whose keys and values are in pages, with the tokens they were
/// computed from. Made and grown by [KvCache]. Engine thread only.
///
///     group 0   [p7][p3][p9][..         tables[0][i] holds positions i * pageSize and on
///     group 1   (given back)[p2][..     a window group has forgotten the pages before firstLive
///     tree      a <- b                  tokens up to `published` are the path that ends at `node`
public final class KvSequence {
    private static final int FIRST_CAPACITY = 64;

    final CacheSpace space;
    final int[][] tables;
    /// First index of each group's table that still has its page.
    final int[] firstLive;
    /// End of each group's table; pages behind the length are reserved.
    final int[] tableEnd;
    /// Where the published tokens end, locked by this sequence; [TreeNodes#NONE] before any.
    int node = TreeNodes.NONE;
    /// Tokens that the tree has.
    int published;
    private int[] tokenIds = new int[FIRST_CAPACITY];
    private int length;

    KvSequence(CacheSpace space, int groups, int tablePages) {
        this.space = space;
        tables = new int[groups][tablePages];
        firstLive = new int[groups];
        tableEnd = new int[groups];
    }

    public CacheSpace space() { return space; }

    /// Positions computed.
    public int length() { return length; }

    /// The token that a computed position was computed from.
    public int token(int position) { return tokenIds[position]; }

    /// Pages `[group][position / pageSize]` as [dev.sluice.models.Batch#sequence] takes them. The
    /// same array for the sequence's whole life.
    public int[][] pages() { return tables; }

    /// How many tokens at the start of `promptIds` are the sequence's own.
    public int commonPrefix(int[] promptIds) {
        int mismatch = Arrays.mismatch(tokenIds, 0, length, promptIds, 0, promptIds.length);
        return mismatch < 0 ? length : mismatch;
    }

    /// Tokens by position, valid up to the length.
    int[] tokens() { return tokenIds; }

    /// Notes that positions `[from, end)` were computed from the tokens there.
    void append(int[] tokens, int from, int end) {
        if (tokenIds.length < end) {
            tokenIds = Arrays.copyOf(tokenIds, Math.max(end, 2 * tokenIds.length));
        }
        System.arraycopy(tokens, from, tokenIds, from, end - from);
        length = end;
    }

    /// Forgets the tokens from `end` on; the pages are [PageTables]' affair.
    void shorten(int end) {
        length = Math.min(length, end);
    }
}
