package dev.sluice.runtime.cache;

/// What [KvCache#attach] has found.
///
/// @param tokens   tokens at the start that need not be computed
/// @param loading  whether more is being read from a tier; the sequence is still empty then, and
///                 attaching is to be asked again in the next step
public record Attached(int tokens, boolean loading) {}
