package dev.sluice.runtime;

import dev.sluice.runtime.RequestRejected.Reason;
import dev.sluice.runtime.cache.Attached;
import dev.sluice.runtime.cache.ForeignCacheException;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.cache.ParkHint;
import java.nio.file.Path;

/// What can be done with a branch between requests. Each borrows a sequence for the moment, since a
/// branch holds no pages. Engine thread only.
final class Branches {
    private Branches() {}

    static void park(KvCache cache, Branch branch, ParkHint hint) {
        KvSequence sequence = cache.open(branch.space());
        cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        cache.park(sequence, hint);
    }

    /// Looking for a prefix starts the reading of what lies in a tier.
    static void resume(KvCache cache, Branch branch) {
        KvSequence sequence = cache.open(branch.space());
        Attached attached =
                cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        if (!attached.loading()) {
            cache.close(sequence);
        }
    }

    static void save(KvCache cache, Branch branch, Path file) {
        KvSequence sequence = cache.open(branch.space());
        cache.attach(sequence, branch.tokenIds(), branch.tokenIds().length);
        try {
            cache.save(sequence, file);
        } finally {
            cache.close(sequence);
        }
    }

    static Branch restore(KvCache cache, Path file) {
        try {
            KvSequence sequence = cache.restore(file);
            var branch = new Branch(dev.sluice.runtime.cache.CacheSpace.SHARED);
            int[] tokens = new int[sequence.length()];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = sequence.token(i);
            }
            branch.keep(tokens);
            cache.close(sequence);
            return branch;
        } catch (ForeignCacheException e) {
            throw new RequestRejected(Reason.INVALID_REQUEST, e.getMessage());
        }
    }
}
