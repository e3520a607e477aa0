package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.Fields;

/// `cache_control`. The prefix cache keeps every prompt by itself, so a mark changes nothing but
/// what the usage counts as asked for.
final class CacheMarks {
    private CacheMarks() { }

    /// Whether there is a mark; one that is none is refused.
    static boolean read(Fields fields) {
        return fields.object("cache_control").map(mark -> {
            mark.only("type", "ephemeral");
            String ttl = mark.text("ttl").orElse("5m");
            if (!ttl.equals("5m") && !ttl.equals("1h")) {
                throw mark.wrong("ttl", "5m or 1h", ttl);
            }
            mark.end();
            return true;
        }).orElse(false);
    }
}
