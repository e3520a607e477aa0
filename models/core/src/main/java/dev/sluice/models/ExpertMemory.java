package dev.sluice.models;

import dev.sluice.router.ExpertCachePolicy;

/// What the experts of an MoE model may take in memory; the others stay in the mapped file until
/// they are needed.
///
/// @param bytes   [LoadOptions#ALL_EXPERTS] keeps every one
/// @param policy  which experts are kept when not all are
public record ExpertMemory(long bytes, ExpertCachePolicy policy) {
    public static final ExpertMemory ALL =
            new ExpertMemory(LoadOptions.ALL_EXPERTS, ExpertCachePolicy.LRU);
}
