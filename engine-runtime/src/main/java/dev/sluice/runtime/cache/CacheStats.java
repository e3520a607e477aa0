package dev.sluice.runtime.cache;

import java.util.List;

/// The state of a [KvCache] at one moment, and what it has done since it was made. Immutable.
///
/// @param groups         one per KV group
/// @param queriedTokens  tokens that [KvCache#attach] was asked for
/// @param hitTokens      tokens of those that it found
/// @param evictedPages   pages that the tree gave up for others
/// @param copiedPages    pages copied because someone was about to write on a shared one
/// @param nodes          nodes of all prefix trees
/// @param tiers          host and disk
public record CacheStats(List<Group> groups, long queriedTokens, long hitTokens,
        long evictedPages, long copiedPages, int nodes, Tiers tiers) {

    /// @param pages   of the pool
    /// @param free    pages that nobody has
    /// @param tree    pages that the tree has, alone or with sequences
    /// @param locked  pages that sequences have
    public record Group(int pages, int free, int tree, int locked) {}

    /// @param hostBytes   used now
    /// @param diskBytes   used now
    /// @param demoted     chunks taken in from the pool
    /// @param restored    chunks given back to the pool
    /// @param diskWrites  chunks written to disk
    /// @param diskReads   chunks read from disk
    /// @param discards    chunks or files that were damaged, torn or foreign, and not used
    public record Tiers(long hostBytes, long diskBytes, long demoted, long restored,
            long diskWrites, long diskReads, long discards) {

        public static final Tiers NONE = new Tiers(0, 0, 0, 0, 0, 0, 0);
    }

    public CacheStats {
        groups = List.copyOf(groups);
    }
}
