package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: the pool's books are right. Method: small lives of sequences on [PageLm].
class KvCacheTest {
    @Test
    void growsAndGivesBack() {
        PageLm model = PageLm.full(16, 4);
        var cache = new KvCache(model, KvTiers.NONE);
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        int[] tokens = {1, 2, 3, 4, 5, 6};
        assertTrue(cache.reserve(sequence, 6));
        model.compute(sequence, tokens, 0, 6);
        cache.commit(sequence, tokens, 0, 6);
        model.verify(sequence, tokens, "one sequence");
        cache.checkIntegrity(List.of(sequence));
        cache.close(sequence);
        cache.checkIntegrity(List.of());
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
