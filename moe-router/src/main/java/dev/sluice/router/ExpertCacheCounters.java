package dev.sluice.router;

import java.util.concurrent.atomic.AtomicLong;

/// Counters behind [ExpertCacheStatistics]. The engine thread counts, any thread reads.
final class ExpertCacheCounters {
    final AtomicLong demandHits = new AtomicLong();
    final AtomicLong prefetchHits = new AtomicLong();
    final AtomicLong misses = new AtomicLong();
    final AtomicLong prefetches = new AtomicLong();
    final AtomicLong wasted = new AtomicLong();
    final AtomicLong evictions = new AtomicLong();
    final AtomicLong waves = new AtomicLong();
    final AtomicLong bytesLoaded = new AtomicLong();
    final AtomicLong waitNanos = new AtomicLong();

    ExpertCacheStatistics snapshot(int slots, long slotBytes) {
        long onDemand = demandHits.get();
        long predicted = prefetchHits.get();
        long missed = misses.get();
        return new ExpertCacheStatistics(onDemand + predicted + missed, onDemand, predicted,
                missed, prefetches.get(), wasted.get(), evictions.get(), waves.get(),
                bytesLoaded.get(), waitNanos.get(), slots, slotBytes);
    }
}
