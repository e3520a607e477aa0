package dev.sluice.runtime;

import dev.sluice.runtime.cache.CacheStats;
import java.util.concurrent.atomic.AtomicLongArray;

/// The engine's counters. The engine thread writes, any thread reads; a step writes numbers only
/// and makes no objects.
final class StatsBoard {
    private enum Figure {
        /// Waiting ones in the upper half, running ones in the lower, so that they fit together.
        REQUESTS,
        PAGES, FREE_PAGES, LOCKED_PAGES, STEPS, ROWS, TOKENS, QUERIED, HITS,
        PREEMPTIONS, GUESSED, ACCEPTED, NANOS, MODEL_NANOS
    }

    private final AtomicLongArray figures = new AtomicLongArray(Figure.values().length);

    void stepped(long nanos, StepRows rows, int open) {
        int running = 0;
        for (int i = 0; i < rows.count(); i++) {
            running += rows.generation(i).ended() ? 0 : 1;
        }
        set(Figure.REQUESTS, (long) (open - running) << Integer.SIZE | running);
        add(Figure.STEPS, rows.count() > 0 ? 1 : 0);
        add(Figure.ROWS, rows.rowCount());
        add(Figure.NANOS, nanos);
    }

    void cache(CacheStats stats) {
        long pages = 0;
        long free = 0;
        long locked = 0;
        for (CacheStats.Group group : stats.groups()) {
            pages += group.pages();
            free += group.free();
            locked += group.locked();
        }
        set(Figure.PAGES, pages);
        set(Figure.FREE_PAGES, free);
        set(Figure.LOCKED_PAGES, locked);
        set(Figure.QUERIED, stats.queriedTokens());
        set(Figure.HITS, stats.hitTokens());
    }

    void drawn(int tokens, int guessed, int accepted) {
        add(Figure.TOKENS, tokens);
        add(Figure.GUESSED, guessed);
        add(Figure.ACCEPTED, accepted);
    }

    void modelRan(long nanos) { add(Figure.MODEL_NANOS, nanos); }

    void preempted() { add(Figure.PREEMPTIONS, 1); }

    EngineStats snapshot() {
        long requests = get(Figure.REQUESTS);
        return new EngineStats((int) requests, (int) (requests >> Integer.SIZE), get(Figure.PAGES),
                get(Figure.FREE_PAGES), get(Figure.LOCKED_PAGES), get(Figure.STEPS),
                get(Figure.ROWS), get(Figure.TOKENS), get(Figure.QUERIED), get(Figure.HITS),
                get(Figure.PREEMPTIONS), get(Figure.GUESSED), get(Figure.ACCEPTED),
                get(Figure.NANOS), get(Figure.MODEL_NANOS));
    }

    private void set(Figure figure, long value) {
        figures.setRelease(figure.ordinal(), value);
    }

    /// One writer, so reading and writing need not be one operation.
    private void add(Figure figure, long value) {
        figures.setRelease(figure.ordinal(), figures.getPlain(figure.ordinal()) + value);
    }

    private long get(Figure figure) {
        return figures.getAcquire(figure.ordinal());
    }
}
