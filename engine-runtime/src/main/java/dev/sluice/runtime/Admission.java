package dev.sluice.runtime;

import dev.sluice.runtime.cache.Attached;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.Scheduler;
import java.util.List;

/// Begins and resumes generations: with the longest prefix that the cache has, and not before a
/// prefix that another is just computing is there. Engine thread only.
///
/// Sixteen requests with one new prefix that arrive together: the first computes it, the others
/// wait for its pages (not for its answer) and then have them. When the one that computes is
/// cancelled, fails or gets no rows, the others go on, and the first of them computes what lacks.
final class Admission {
    private final KvCache cache;
    private final Scheduler scheduler;
    private final List<Generation> open;
    private final int pageSize;

    /// @param open  all generations that have not ended; the loop's own list
    Admission(KvCache cache, Scheduler scheduler, List<Generation> open, int pageSize) {
        this.cache = cache;
        this.scheduler = scheduler;
        this.open = open;
        this.pageSize = pageSize;
    }

    /// Lets those go on who waited for what is there now, or will not come. Called before the
    /// plans of the last step are cleared.
    void refresh() {
        for (int i = 0; i < open.size(); i++) {
            Generation g = open.get(i);
            if (g.loading()) {
                g.loading(false);
                scheduler.unblock(g.job());
            } else if (g.following() && g.followedLongEnough(pageSize)) {
                g.unfollow();
                scheduler.unblock(g.job());
            }
        }
    }

    /// Gives a waiting generation what the cache has of its tokens, but the last, whose row gives
    /// the logits. Returns false if it has to wait.
    boolean admit(Generation g, long now) {
        int[] ids = g.history().tokenIds();
        int most = g.history().size() - 1;
        if (mustFollow(g, cache.match(g.space(), ids, most), most)) {
            scheduler.block(g.job());
            return false;
        }
        Attached attached = cache.attach(g.sequence(), ids, most);
        if (attached.loading()) {
            g.loading(true);
            scheduler.block(g.job());
            return false;
        }
        g.attached(true);
        g.progress().start(now, attached.tokens());
        scheduler.attached(g.job(), g.missing());
        return true;
    }

    private boolean mustFollow(Generation g, int known, int most) {
        int best = known;
        for (int i = 0; i < open.size(); i++) {
            Generation other = open.get(i);
            boolean computes = other.attached() && !other.decoding() && other.plan().rows > 0;
            if (computes && other.space().equals(g.space())) {
                int common = Math.min(most, g.history().commonPrefix(other.history()));
                if (common > best) {
                    best = common;
                    g.follow(other, common);
                }
            }
        }
        return best > known;
    }
}
