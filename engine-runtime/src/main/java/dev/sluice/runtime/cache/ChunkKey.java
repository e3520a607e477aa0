package dev.sluice.runtime.cache;

/// Names a path of the prefix tree up to the start of a page: 128 bits of a hash chain over its
/// pages' tokens, begun with its space. Immutable.
record ChunkKey(long high, long low) {

    /// 32 hexadecimal digits.
    @Override
    public String toString() {
        return "%016x%016x".formatted(high, low);
    }
}
