package dev.sluice.router;

/// What an [ExpertCache] has done since the model was opened. A request is one expert that one
/// layer needs in one step, however many rows go to it. Immutable.
///
/// @param requests       experts asked for; hits and misses add up to it
/// @param demandHits     were there because an earlier step had asked for them
/// @param prefetchHits   were there, or on their way, because they had been predicted
/// @param misses         had to be loaded while the engine waited
/// @param prefetches     loads begun on a prediction
/// @param wasted         of these, given up without having been asked for
/// @param evictions      experts given up for others
/// @param waves          extra rounds of steps that needed more experts than there are slots
/// @param bytesLoaded    bytes of experts as stored, read from the slow tier
/// @param waitNanos      how long the engine loaded or waited for loads
/// @param slots          experts that fit
/// @param slotBytes      bytes that the slots take together
public record ExpertCacheStatistics(long requests, long demandHits, long prefetchHits, long misses,
        long prefetches, long wasted, long evictions, long waves, long bytesLoaded,
        long waitNanos, int slots, long slotBytes) {

    /// Share of requests that did not wait for a load, 0 to 1; 0 before the first request.
    public double hitRate() {
        return requests == 0 ? 0 : (double) (demandHits + prefetchHits) / requests;
    }

    @Override
    public String toString() {
        return ("experts: %d slots of %,d bytes; %d requests, %.1f %% hits (%d on demand, %d "
                + "prefetched), %d misses, %d evictions, %,d bytes loaded, %d extra waves, "
                + "waited %.2f s").formatted(slots, slotBytes, requests, 100 * hitRate(),
                demandHits, prefetchHits, misses, evictions, bytesLoaded, waves,
                waitNanos / 1e9);
    }
}
