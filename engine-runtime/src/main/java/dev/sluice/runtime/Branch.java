package dev.sluice.runtime;

import dev.sluice.runtime.cache.KvSequence;

/// Names a sequence that stays in the engine between requests, so that the next request with the
/// same beginning does not compute it again. Made by [Engine#branch] and [Engine#fork]; given back
/// with [Engine#drop]. Any thread may hold it.
public final class Branch {
    private final KvSequence sequence;

    Branch(KvSequence sequence) {
        this.sequence = sequence;
    }

    /// Engine thread only.
    KvSequence sequence() { return sequence; }
}
