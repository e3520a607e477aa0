package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.KvPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: pages are neither lost nor given twice, and forks never write on each other's pages.
/// Method: random growth, cuts, forks, parking and closing of sequences; after each step the
/// pool's books are checked, and [ScriptedLm] reads back every position that it needs.
class KvCacheTest {
    @Test
    void randomLives() {
        for (int seed = 0; seed < 200; seed++) {
            simulate(new Random(seed), "seed " + seed);
        }
    }

    private static void simulate(Random random, String seed) {
        ScriptedLm.Script sum = (tokens, into) -> {
            for (int token : tokens) {
                into[0] += token;
            }
        };
        var model = new ScriptedLm(48, 7, ScriptedLm.plan(new KvPlan.Group(1, 18, 0, 32),
                new KvPlan.Group(1, 7, 6, 32)), sum);
        var cache = new KvCache(model);
        assertEquals(48, cache.contextLimit());
        var live = new ArrayList<KvSequence>();
        var histories = new ArrayList<TokenHistory>();
        for (int step = 0; step < 150; step++) {
            int chosen = live.isEmpty() ? 0 : random.nextInt(live.size());
            switch (live.isEmpty() ? 0 : random.nextInt(6)) {
                case 0 -> {
                    live.add(cache.open());
                    histories.add(new TokenHistory(random.ints(48, 0, 250).toArray()));
                    cache.park(live.getLast());
                }
                case 1 -> {
                    KvSequence child = cache.open();
                    cache.fork(live.get(chosen), child);
                    cache.park(child);
                    live.add(child);
                    histories.add(changed(random, histories.get(chosen),
                            live.get(chosen).length()));
                }
                case 2 -> {
                    cache.close(live.remove(chosen));
                    histories.remove(chosen);
                }
                case 3 -> cache.truncate(live.get(chosen), random.nextInt(48));
                default -> grow(cache, model, live.get(chosen), histories.get(chosen), random);
            }
            cache.checkIntegrity(live);
        }
        for (KvSequence sequence : live) {
            cache.close(sequence);
        }
        cache.checkIntegrity(List.of());
        assertEquals(18, cache.freePages(0), seed);
        assertEquals(7, cache.freePages(1), seed);
    }

    /// The same tokens up to `kept`, others after.
    private static TokenHistory changed(Random random, TokenHistory history, int kept) {
        int[] ids = new int[48];
        for (int i = 0; i < 48; i++) {
            ids[i] = i < kept ? history.get(i) : random.nextInt(250);
        }
        return new TokenHistory(ids);
    }

    private static void grow(KvCache cache, ScriptedLm model, KvSequence sequence,
            TokenHistory history, Random random) {
        int from = sequence.length();
        int end = Math.min(48, from + 1 + random.nextInt(7));
        if (from == end) {
            return;
        }
        cache.resume(sequence);
        cache.reserve(sequence, end);
        var batch = new Batch(7, 1);
        batch.sequence(sequence.tables);
        for (int position = from; position < end; position++) {
            batch.row(history.get(position), position, position == end - 1);
        }
        float[] logits = new float[model.vocab()];
        model.forward(batch, Matrix.host(logits, 1, model.vocab()));
        sequence.commit(history, end);
        cache.park(sequence);
        int sum = 0;
        for (int position = 0; position < end; position++) {
            sum += history.get(position);
        }
        assertEquals(sum, (int) logits[0]);
    }

    /// A full pool whose last page is shared with an idle fork: giving the fork up is enough.
    @Test
    void aForkGivesWayBeforeAPageIsCopied() {
        var model = ScriptedLm.small(8, 8, (_, _) -> {});
        var cache = new KvCache(model);
        KvSequence parent = cache.open();
        cache.reserve(parent, 6);
        parent.commit(new TokenHistory(new int[6]), 6);
        KvSequence child = cache.open();
        cache.fork(parent, child);
        cache.park(child);
        cache.reserve(parent, 8);
        assertEquals(0, child.length());
        assertEquals(0, model.pagesCopied());
        cache.checkIntegrity(List.of(parent, child));
    }

    @Test
    void thePoolKeepsBooks() {
        var pool = new PagePool(2);
        assertEquals(0, pool.allocate());
        assertEquals(1, pool.allocate());
        assertEquals("none of 2 KV pages is free",
                assertThrows(IllegalStateException.class, pool::allocate).getMessage());
        pool.retain(1);
        pool.release(1);
        assertEquals(0, pool.freeCount());
        pool.release(1);
        assertThrows(IllegalStateException.class, () -> pool.release(1));
        pool.checkIntegrity();
    }
}
