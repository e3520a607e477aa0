package dev.sluice.runtime;

import dev.sluice.runtime.cache.Attached;
import dev.sluice.runtime.cache.CacheStats;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.Admission;
import dev.sluice.runtime.schedule.PageQuotas;
import dev.sluice.runtime.schedule.Scheduler;
import java.util.List;

/// Begins and resumes generations: with the longest prefix that the cache has, and not before a
/// prefix that another is just computing is there. Engine thread only.
///
/// Sixteen requests with one new prefix that arrive together: the first computes it, the others
/// wait for its pages (not for its answer) and then have them. When the one that computes is
/// cancelled, fails or gets no rows, the others go on, and the first of them computes what lacks.
final class Starts {
    /// One page in so many stays free for the next tokens of what runs.
    private static final int SPARE = 100;

    private final KvCache cache;
    private final Scheduler scheduler;
    private final List<Generation> open;
    private final int pageSize;
    private final int slots;
    private final Admission admission;
    private final PageQuotas quotas;
    private boolean freed;

    /// @param open  all generations that have not ended; the loop's own list
    Starts(LoopSetup setup, List<Generation> open, int pageSize) {
        cache = setup.cache();
        scheduler = setup.scheduler();
        quotas = setup.quotas();
        slots = setup.parallel();
        this.open = open;
        this.pageSize = pageSize;
        // The group that sees everything is the one that fills up.
        int pages = cache.stats().groups().getFirst().pages();
        admission = new Admission(pages, Math.min(pages - 1, pages / SPARE));
    }

    /// Lets those go on who waited for what is there now, or will not come. Called before the
    /// plans of the last step are cleared.
    void refresh() {
        // As many as could start in a step: the others would only keep slots from those who run.
        int allowed = freed ? slots : 0;
        freed = false;
        for (int i = 0; i < open.size(); i++) {
            Generation g = open.get(i);
            if (g.loading()) {
                g.loading(false);
                scheduler.unblock(g.job());
            } else if (g.roomless() && allowed > 0) {
                allowed--;
                g.roomless(false);
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
        int known = cache.match(g.space(), ids, most);
        if (mustFollow(g, known, most)) {
            scheduler.block(g.job());
            return false;
        }
        if (!withinQuota(g) || !fits(g, known)) {
            g.roomless(true);
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
        charge(g);
        g.progress().start(now, attached.tokens());
        g.stream().cachedTokens(g.progress().cachedTokens());
        scheduler.attached(g.job(), g.missing());
        return true;
    }

    /// Whether starting it now leaves what runs the pages that it is expected to take. The oldest
    /// of all need not ask: others make room for it.
    private boolean fits(Generation g, int known) {
        if (g == open.getFirst()) {
            return true;
        }
        int growth = 0;
        boolean alone = true;
        for (int i = 0; i < open.size(); i++) {
            Generation other = open.get(i);
            if (other.attached()) {
                alone = false;
                growth += pages(other.expectedTokens() - other.sequence().length());
            }
        }
        CacheStats.Group group = cache.stats().groups().getFirst();
        int prompt = pages(g.history().size() - known) + 1;
        int expected = Math.max(prompt, pages(g.expectedTokens() - known) + 1);
        return switch (admission.now(new Admission.Demand(prompt, expected, expected),
                group.pages() - group.locked(), growth, alone)) {
            case Admission.Verdict.Admitted _ -> true;
            case Admission.Verdict.Waits _, Admission.Verdict.Refused _ -> false;
        };
    }

    /// Whether its client may have what it needs now. Who has nothing may always begin: the door
    /// has seen that it can be done.
    private boolean withinQuota(Generation g) {
        String path = g.request().hints().quotaPath();
        return quotas.held(g.request().hints().client()) == 0
                || quotas.ask(path, needed(g)) instanceof Admission.Verdict.Admitted;
    }

    private void charge(Generation g) {
        String path = g.request().hints().quotaPath();
        if (!path.isEmpty() && quotas.take(path, needed(g))) {
            g.chargedPages(needed(g));
        }
    }

    private void discharge(Generation g) {
        if (g.chargedPages() > 0) {
            quotas.giveBack(g.request().hints().quotaPath(), g.chargedPages());
            g.chargedPages(0);
        }
    }

    private int needed(Generation g) { return pages(g.mostTokens(cache.contextLimit())); }

    /// Someone had to give its pages up.
    void preempted(Generation g) {
        freed = true;
        discharge(g);
    }

    /// A generation gives its pages back for good.
    void ended(Generation g) {
        freed = true;
        discharge(g);
        int peak = pages(g.sequence().length());
        int begin = pages(g.request().promptIds().length);
        admission.ended(peak, (begin + peak) / 2.0);
    }

    private int pages(int tokens) {
        return Math.ceilDiv(Math.max(0, tokens), pageSize);
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
