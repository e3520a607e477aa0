package dev.sluice.runtime.cache;

/// Names all that the bytes of a page depend on: weights, storage type, page size, rotation, layers
/// and backend. Pages written under one fingerprint are never read under another. Immutable.
///
/// @param high  upper half of 128 bits of a SHA-256
/// @param low   lower half
public record ModelFingerprint(long high, long low) {

    /// For a cache without tiers, which writes nothing.
    public static final ModelFingerprint NONE = new ModelFingerprint(0, 0);
}
