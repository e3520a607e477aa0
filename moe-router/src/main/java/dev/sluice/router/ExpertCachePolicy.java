package dev.sluice.router;

/// Which expert a cache gives up for another, and whether it fetches ahead. Changes time only.
public enum ExpertCachePolicy {
    /// The expert that was used longest ago goes.
    LRU,
    /// The expert that was asked for least often goes. Requests are counted for experts that are
    /// not there too, and count half after every 16 requests a slot, so that yesterday's
    /// favourites leave.
    LFU,
    /// As LRU, and the experts that the next layer is expected to choose are fetched while this
    /// layer computes (ExFlow, arXiv 2401.08383: routing of neighbouring layers is correlated).
    AFFINITY
}
