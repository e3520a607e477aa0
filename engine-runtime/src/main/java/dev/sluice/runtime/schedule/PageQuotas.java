package dev.sluice.runtime.schedule;

import dev.sluice.runtime.PageQuota;
import java.util.HashMap;
import java.util.Map;

/// Limits on the pages of a client, of its programs, and of parts of those (AgentCgroup's
/// hierarchical quotas). Engine thread only.
///
/// A path names a part: `client/program/part`. What a part holds counts for all parts above it,
/// and the tightest limit on the way up decides: beyond `soft` a part waits, beyond `hard` it is
/// refused. Parts without a limit only count.
public final class PageQuotas {
    private final Map<String, PageQuota> quotas;
    private final Map<String, Integer> held = new HashMap<>();

    public PageQuotas(Map<String, PageQuota> quotas) {
        this.quotas = Map.copyOf(quotas);
    }

    /// Pages that a part holds, those of the parts below it included.
    public int held(String path) {
        return held.getOrDefault(path, 0);
    }

    /// Whether new work of a part may take so many pages; if so, they are not yet [#take]n.
    public Admission.Verdict ask(String path, int pages) {
        int missing = 0;
        for (String part = path; !part.isEmpty(); part = above(part)) {
            PageQuota quota = quotas.get(part);
            int wanted = held(part) + pages;
            if (quota != null && wanted > quota.hard()) {
                return new Admission.Verdict.Refused(
                        "%s holds %d pages and may hold %d, %d more are asked for"
                                .formatted(part, held(part), quota.hard(), pages));
            }
            missing = quota == null ? missing : Math.max(missing, wanted - quota.soft());
        }
        return missing > 0 ? new Admission.Verdict.Waits(missing)
                : new Admission.Verdict.Admitted();
    }

    /// Pages that one request of a part may need: the tightest hard limit on the way up. Any
    /// thread.
    public int most(String path) {
        int most = Integer.MAX_VALUE;
        for (String part = path; !part.isEmpty(); part = above(part)) {
            PageQuota quota = quotas.get(part);
            most = quota == null ? most : Math.min(most, quota.hard());
        }
        return most;
    }

    /// Takes pages for work that goes on, beyond the soft limit too; returns whether the hard ones
    /// allowed it, and if not, nothing is taken.
    public boolean take(String path, int pages) {
        for (String part = path; !part.isEmpty(); part = above(part)) {
            PageQuota quota = quotas.get(part);
            if (quota != null && held(part) + pages > quota.hard()) {
                return false;
            }
        }
        add(path, pages);
        return true;
    }

    public void giveBack(String path, int pages) {
        if (held(path) < pages) {
            throw new IllegalStateException(
                    path + " gives back " + pages + " pages and holds " + held(path));
        }
        add(path, -pages);
    }

    private void add(String path, int pages) {
        for (String part = path; !part.isEmpty(); part = above(part)) {
            int now = held(part) + pages;
            if (now == 0) {
                held.remove(part);
            } else {
                held.put(part, now);
            }
        }
    }

    private static String above(String path) {
        return path.substring(0, Math.max(0, path.lastIndexOf('/')));
    }
}
