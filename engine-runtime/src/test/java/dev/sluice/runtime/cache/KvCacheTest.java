package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: each rule of the prefix tree, in numbers that can be counted by hand. Method: lives of few
/// sequences on [PageLm], in pages of 4 positions.
class KvCacheTest {
    @Test
    void ofSeventySevenTokensSeventySixAreReused() {
        PageLm model = PageLm.full(128, 64);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] prompt = new Random(7).ints(77, 0, 1000).toArray();
        KvSequence first = computed(cache, model, prompt, 77);
        cache.close(first);
        KvSequence again = cache.open(CacheSpace.SHARED);
        assertEquals(76, cache.match(CacheSpace.SHARED, prompt, 76));
        assertEquals(new Attached(76, false), cache.attach(again, prompt, 76));
        long rows = model.rowsComputed();
        advance(cache, model, again, prompt, 77);
        assertEquals(1, model.rowsComputed() - rows);
        assertEquals(0, model.pagesCopied(), "76 tokens end with a page");
        assertEquals(76, cache.stats().hitTokens());
        KvSequence shorter = cache.open(CacheSpace.SHARED);
        assertEquals(74, cache.attach(shorter, prompt, 74).tokens());
        advance(cache, model, shorter, prompt, 75);
        assertEquals(1, model.pagesCopied(), "the partly shared last page");
        KvSequence other = cache.open(new CacheSpace("", "another tenant"));
        assertEquals(0, cache.attach(other, prompt, 76).tokens());
        cache.checkIntegrity(List.of(again, shorter, other));
    }

    /// Two prompts that part in the middle of a page, and a third that ends there.
    @Test
    void runsAreSplitInsideAPage() {
        PageLm model = PageLm.full(64, 64);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] one = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        int[] two = {1, 2, 3, 4, 5, 6, 70, 80, 90};
        KvSequence a = computed(cache, model, one, 9);
        cache.publish(a);
        KvSequence b = cache.open(CacheSpace.SHARED);
        assertEquals(6, cache.attach(b, two, 8).tokens());
        advance(cache, model, b, two, 9);
        cache.publish(b);
        KvSequence c = cache.open(CacheSpace.SHARED);
        assertEquals(5, cache.attach(c, one, 5).tokens());
        for (int[] text : List.of(one, two)) {
            KvSequence d = cache.open(CacheSpace.SHARED);
            assertEquals(9, cache.attach(d, text, 9).tokens());
            model.verify(d, text, "after the split");
            cache.close(d);
        }
        cache.checkIntegrity(List.of(a, b, c));
    }

    @Test
    void eightForksTakeThePagesOfOneAndTheirTails() {
        PageLm model = PageLm.full(4096, 1024);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] trunk = new Random(3).ints(2100, 0, 1000).toArray();
        KvSequence parent = computed(cache, model, trunk, 2002);
        cache.publish(parent);
        int one = used(cache);
        long rows = model.rowsComputed();
        var all = new ArrayList<KvSequence>(List.of(parent));
        for (int k = 0; k < 8; k++) {
            KvSequence child = cache.open(CacheSpace.SHARED);
            cache.fork(parent, child);
            all.add(child);
        }
        assertEquals(one, used(cache), "pages of eight forks that wrote nothing");
        int tails = 0;
        for (KvSequence child : all.subList(1, 9)) {
            int[] text = trunk.clone();
            java.util.Arrays.fill(text, 2002, 2100, 5000 + tails);
            advance(cache, model, child, text, 2040);
            tails += 10;
        }
        assertEquals(8 * 38, model.rowsComputed() - rows, "rows computed for the tails only");
        int limit = one + one * 15 / 100 + tails;
        assertTrue(used(cache) <= limit, used(cache) + " pages, at most " + limit);
        cache.checkIntegrity(all);
    }

    /// A sequence that computed what another has published meanwhile takes the other's pages.
    @Test
    void equalPagesAreKeptOnce() {
        PageLm model = PageLm.full(64, 64);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] text = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        KvSequence a = cache.open(CacheSpace.SHARED);
        KvSequence b = cache.open(CacheSpace.SHARED);
        assertTrue(cache.reserve(a, 9) && cache.reserve(b, 9));
        model.compute(a, text, 0, 9);
        model.compute(b, text, 0, 9);
        cache.commit(a, text, 0, 9);
        cache.commit(b, text, 0, 9);
        assertEquals(4, used(cache), "two full pages and a last one each");
        cache.publish(a);
        cache.publish(b);
        assertEquals(3, used(cache));
        model.verify(b, text, "swapped");
        cache.checkIntegrity(List.of(a, b));
    }

    /// Two that go on from the middle of a page have a copy of it each; the page they come from has
    /// nothing that the copies have not, and is given back.
    @Test
    void copiesReplaceWhatTheyWereCopiedFrom() {
        PageLm model = PageLm.full(64, 64);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] one = {1, 2, 3, 4, 5, 6, 7, 8};
        int[] two = {1, 2, 3, 4, 5, 6, 70, 80};
        KvSequence parent = computed(cache, model, one, 6);
        cache.publish(parent);
        KvSequence child = cache.open(CacheSpace.SHARED);
        cache.fork(parent, child);
        advance(cache, model, parent, one, 8);
        advance(cache, model, child, two, 8);
        cache.close(parent);
        cache.close(child);
        assertEquals(3, used(cache));
        cache.checkIntegrity(List.of());
    }

    /// A window page that a sequence has would not be free if the tree gave it up.
    @Test
    void windowPagesInUseStayInTheTree() {
        var model = new PageLm(64, 4, new KvPlan.Group(1, 40, 0, 32),
                new KvPlan.Group(1, 9, 5, 32));
        var cache = new KvCache(model, KvTiers.NONE);
        int[] working = {1, 2, 3, 4, 5, 6, 7, 8};
        int[] done = {9, 9, 9, 9, 9, 9, 9, 9};
        KvSequence works = computed(cache, model, working, 8);
        cache.close(computed(cache, model, done, 8));
        KvSequence next = cache.open(CacheSpace.SHARED);
        assertTrue(cache.reserve(next, 24), "five are free, and one that nobody works on");
        assertEquals(8, cache.match(CacheSpace.SHARED, working, 8));
        cache.checkIntegrity(List.of(works, next));
    }

    /// While a prompt runs, others share its full pages already.
    @Test
    void fullPagesAreSharedWhileTheirSequenceRuns() {
        PageLm model = PageLm.full(64, 16);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] text = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        KvSequence runs = computed(cache, model, text, 7);
        assertEquals(4, cache.match(CacheSpace.SHARED, text, 9));
        cache.publish(runs);
        assertEquals(7, cache.match(CacheSpace.SHARED, text, 9));
        advance(cache, model, runs, text, 9);
        assertEquals(8, cache.match(CacheSpace.SHARED, text, 9));
        cache.checkIntegrity(List.of(runs));
    }

    /// The least recently used end of a path goes first; what a sequence has never goes.
    @Test
    void leavesGoLeastRecentlyUsedFirst() {
        PageLm model = PageLm.full(64, 6);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] old = {1, 2, 3, 4, 5, 6, 7, 8};
        int[] recent = {9, 2, 3, 4};
        int[] running = {8, 8, 8, 8};
        cache.close(computed(cache, model, old, 8));
        cache.close(computed(cache, model, recent, 4));
        KvSequence works = computed(cache, model, running, 4);
        KvSequence next = cache.open(CacheSpace.SHARED);
        assertTrue(cache.reserve(next, 12));
        assertEquals(4, cache.match(CacheSpace.SHARED, old, 8), "its last page was the oldest");
        assertEquals(4, cache.match(CacheSpace.SHARED, recent, 4));
        assertTrue(cache.reserve(next, 16));
        assertEquals(4, cache.match(CacheSpace.SHARED, recent, 4), "used later than the other");
        assertTrue(cache.reserve(next, 20));
        assertFalse(cache.reserve(next, 24), "the page of a running sequence");
        assertEquals(3, cache.stats().evictedPages());
        model.verify(works, running, "never evicted");
        cache.checkIntegrity(List.of(works, next));
    }

    /// Where the window's pages are gone a match goes back to where they are whole.
    @Test
    void aMatchEndsWhereItsWindowIsWhole() {
        var model = new PageLm(64, 4, new KvPlan.Group(1, 40, 0, 32),
                new KvPlan.Group(1, 5, 5, 32));
        var cache = new KvCache(model, KvTiers.NONE);
        int[] text = new Random(1).ints(40, 0, 100).toArray();
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        for (int end = 4; end <= 40; end += 4) {
            advance(cache, model, sequence, text, end);
        }
        assertEquals(40, cache.match(CacheSpace.SHARED, text, 40));
        assertEquals(0, cache.match(CacheSpace.SHARED, text, 22), "its window was given back");
        // What the window lost comes from the tree or, where that lost it too, not at all.
        cache.truncate(sequence, 38);
        assertEquals(38, sequence.length());
        model.verify(sequence, text, "cut");
        cache.truncate(sequence, 20);
        assertEquals(0, sequence.length());
        cache.checkIntegrity(List.of(sequence));
    }

    /// A pool of exactly one full context, whose last page is shared with the tree: there is no
    /// page for a copy, so the tree gives the original up.
    @Test
    void theLongestSequenceFitsAlsoAfterAMatch() {
        PageLm model = PageLm.full(16, 4);
        var cache = new KvCache(model, KvTiers.NONE);
        int[] text = new Random(2).ints(16, 0, 100).toArray();
        cache.close(computed(cache, model, text, 15));
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        assertEquals(14, cache.attach(sequence, text, 14).tokens());
        advance(cache, model, sequence, text, 16);
        assertEquals(0, model.pagesCopied());
        cache.checkIntegrity(List.of(sequence));
    }

    @Test
    void oneWhoGrowsBeyondThePoolIsToldSo() {
        PageLm model = PageLm.full(64, 4);
        var cache = new KvCache(model, KvTiers.NONE);
        assertEquals(16, cache.contextLimit());
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        assertEquals("17 positions, at most 16 fit", assertThrows(
                IllegalArgumentException.class, () -> cache.reserve(sequence, 17)).getMessage());
        KvSequence other = computed(cache, model, new int[] {1, 2, 3, 4, 5}, 5);
        assertFalse(cache.reserve(sequence, 12));
        assertEquals(2, cache.freePages(0), "nothing was taken");
        cache.checkIntegrity(List.of(sequence, other));
    }

    private static int used(KvCache cache) {
        return cache.stats().groups().getFirst().pages() - cache.freePages(0);
    }

    private static KvSequence computed(KvCache cache, PageLm model, int[] text, int end) {
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        advance(cache, model, sequence, text, end);
        return sequence;
    }

    private static void advance(
            KvCache cache, PageLm model, KvSequence sequence, int[] text, int end) {
        int from = sequence.length();
        assertTrue(cache.reserve(sequence, end));
        model.compute(sequence, text, from, end);
        cache.commit(sequence, text, from, end);
        model.verify(sequence, text, "advanced to " + end);
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
        assertThrows(IllegalStateException.class, () -> pool.retainForTree(1));
        pool.retainForTree(0);
        assertTrue(pool.shared(0) && pool.held(0));
        pool.release(0);
        assertFalse(pool.held(0));
        assertThrows(IllegalStateException.class, () -> pool.release(0));
        pool.checkIntegrity(new int[2], new int[] {1, 0});
        assertThrows(IllegalStateException.class,
                () -> pool.checkIntegrity(new int[] {1, 0}, new int[] {1, 0}));
        assertThrows(IllegalStateException.class,
                () -> pool.checkIntegrity(new int[] {1, 0}, new int[2]));
    }
}
