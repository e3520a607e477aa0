package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.sluice.models.KvPlan;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/// Goal: a decode step of the cache makes no garbage, the pages it publishes, the windows it
/// forgets and the leaves it evicts included. Method: bytes allocated by this thread over windows
/// of 100 steps of eight sequences in a pool that is full, until a window is free of them.
class StepAllocationTest {
    private static final int CONTEXT = 1 << 14;
    private static final int STEPS = 100;

    @Test
    void aStepAllocatesNothing() {
        var model = new PageLm(CONTEXT, 8, new KvPlan.Group(1, 9000, 0, 32),
                new KvPlan.Group(1, 120, 16, 32));
        var cache = new KvCache(model, KvTiers.NONE);
        KvSequence[] sequences = new KvSequence[8];
        int[][] texts = new int[sequences.length][CONTEXT];
        for (int i = 0; i < sequences.length; i++) {
            sequences[i] = cache.open(CacheSpace.SHARED);
            texts[i][0] = i;
        }
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 40 && least > 0; window++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int step = 0; step < STEPS; step++) {
                step(cache, sequences, texts);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes for " + STEPS + " steps");
        assertTrue(cache.stats().evictedPages() > 0, "window pages were dropped");
    }

    private static void step(KvCache cache, KvSequence[] sequences, int[][] texts) {
        for (int i = 0; i < sequences.length; i++) {
            int from = sequences[i].length();
            if (!cache.reserve(sequences[i], from + 1)) {
                throw new IllegalStateException("no page at " + from);
            }
            cache.commit(sequences[i], texts[i], from, from + 1);
        }
    }
}
