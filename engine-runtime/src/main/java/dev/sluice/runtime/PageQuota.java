package dev.sluice.runtime;

/// A bound on the KV pages of a client, or of one of its programs. Counted are the pages that its
/// running requests may grow to, so `hard` is never exceeded.
///
/// ```java
/// var options = EngineOptions.defaults().withPageQuotas(Map.of(
///         "alice", new PageQuota(200, 400), "alice/run-17", new PageQuota(50, 100)));
/// ```
///
/// @param soft pages beyond which its new work waits for its own
/// @param hard pages that no request of it may need more than
public record PageQuota(int soft, int hard) {
    public PageQuota {
        if (soft < 0 || hard < Math.max(1, soft)) {
            throw new IllegalArgumentException("soft=" + soft + " hard=" + hard
                    + ", allowed: 0 <= soft <= hard and hard at least 1");
        }
    }
}
