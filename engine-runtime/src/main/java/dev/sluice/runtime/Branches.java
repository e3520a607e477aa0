package dev.sluice.runtime;

import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.cache.ParkHint;
import dev.sluice.runtime.cache.SavedSession;

/// What can be done with a branch between requests. Each borrows a sequence for the moment, since a
/// branch holds no pages. Engine thread only.
final class Branches {
    private Branches() {}

    static void park(KvCache cache, Branch branch, ParkHint hint) {
        KvSequence sequence = cache.open(branch.space());
        cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        cache.park(sequence, hint);
        branch.parked(sequence);
    }

    /// Brings back what parking has put away. Attaching starts the reading of what lies in a file
    /// and tells the cache how long the tool took; what was read stays in the tree.
    static void resume(KvCache cache, Branch branch) {
        if (branch.parked().isPresent()) {
            KvSequence sequence = branch.parked().get();
            cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
            cache.close(sequence);
            branch.unpark();
        }
    }

    /// How many of the branch's tokens the cache has.
    static int computed(KvCache cache, Branch branch) {
        resume(cache, branch);
        KvSequence sequence = cache.open(branch.space());
        cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        int length = sequence.length();
        cache.close(sequence);
        return length;
    }

    /// A copy of what the cache has of the branch's tokens.
    static SavedSession snapshot(KvCache cache, Branch branch) {
        resume(cache, branch);
        KvSequence sequence = cache.open(branch.space());
        cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        try {
            return cache.snapshot(sequence);
        } finally {
            cache.close(sequence);
        }
    }

    static Branch restore(KvCache cache, SavedSession saved) {
        var branch = new Branch(CacheSpace.SHARED);
        cache.restore(branch.space(), saved);
        branch.keep(saved.tokens());
        return branch;
    }
}
