package dev.sluice.runtime.cache;

/// Whose prefixes may be shared: sequences of one space see each other's pages, those of two
/// spaces never do. The model is implicit, since a cache belongs to one. Immutable.
///
/// @param adapter  what changes the model's output besides its weights; empty for none
/// @param salt     a tenant's secret, so that nobody can probe by timing what others have asked;
///                 empty shares with all that have none
public record CacheSpace(String adapter, String salt) {

    /// No adapter and no salt.
    public static final CacheSpace SHARED = new CacheSpace("", "");
}
