package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.runtime.cache.Parking.Choice;
import dev.sluice.runtime.cache.Parking.Holding;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: sessions that wait for tools neither block the pool nor are computed again. Method: each
/// rule of the choice by numbers, and a trace ([ParkingTrace]) under three policies.
@Timeout(120)
class ParkingTest {
    private static final int POOL_PAGES = 8 * ParkingTrace.SESSION_PAGES;
    private static final Holding HOLDING = new Holding(1000, 32, 10_000_000);

    private static Costs costs() {
        var costs = new Costs();
        // A token costs a millisecond to compute, so the session a second; moving it 10 ms.
        costs.prefill(1000, 1_000_000_000);
        return costs;
    }

    private static Choice choose(boolean tiered, double seconds) {
        return new Parking(costs(), tiered, 1000)
                .choose(new ParkHint("tool", (long) (seconds * 1e9)), HOLDING);
    }

    @Test
    void theLeastWasteIsChosen() {
        assertEquals(Choice.KEEP, choose(true, 0.005));
        assertEquals(Choice.DEMOTE, choose(true, 0.5));
        assertEquals(Choice.KEEP, choose(false, 0.5));
        assertEquals(Choice.DROP, choose(false, 5));
        var fast = costs();
        for (int i = 0; i < 200; i++) {
            fast.prefill(1000, 1_000_000);
        }
        assertEquals(Choice.DROP, new Parking(fast, true, 1000)
                .choose(new ParkHint("tool", 500_000_000), HOLDING), "computed faster than moved");
    }

    @Test
    void noMoreThanHalfThePoolIsKept() {
        var parking = new Parking(costs(), false, 100);
        var hint = new ParkHint("tool", 1_000_000);
        var kept = new KvSequence(CacheSpace.SHARED, 1, 1);
        assertEquals(Choice.KEEP, parking.choose(hint, HOLDING));
        Parking.Pin pin = parking.pin(kept, 32, hint, 0);
        assertEquals(Choice.DROP, parking.choose(hint, HOLDING));
        parking.unpin(pin);
        assertEquals(Choice.KEEP, parking.choose(hint, HOLDING));
    }

    @Test
    void waitsAreLearned() {
        var waits = new ToolWaits();
        assertEquals(1e9, waits.expectedNanos(ParkHint.of("search")));
        waits.learn("search", 8_000_000_000L);
        assertEquals(8e9, waits.expectedNanos(ParkHint.of("search")));
        waits.learn("search", 4_000_000_000L);
        assertEquals(7e9, waits.expectedNanos(ParkHint.of("search")));
        assertEquals(5, waits.expectedNanos(new ParkHint("search", 5)), "a hint goes first");
        assertTrue(waits.expectedNanos(ParkHint.of("other")) > 1e9, "as all tools");
    }

    /// What is kept stays while others come and go, gives way when nothing else is left, and is
    /// only kept for a while.
    @Test
    void pinsHoldAndGiveWay() {
        long[] now = {0};
        PageLm model = PageLm.full(32, 8);
        try (var cache = new KvCache(model, KvTiers.NONE, () -> now[0])) {
            int[] text = {1, 2, 3, 4, 5, 6, 7, 8};
            KvSequence session = cache.open(CacheSpace.SHARED);
            advance(cache, model, session, text, 8);
            cache.park(session, new ParkHint("fast", 1000));
            assertEquals(0, session.length());
            KvSequence other = cache.open(CacheSpace.SHARED);
            int[] zeros = new int[32];
            advance(cache, model, other, zeros, 24);
            cache.release(other);
            int[] ones = new int[32];
            java.util.Arrays.fill(ones, 1);
            advance(cache, model, other, ones, 24);
            assertEquals(8, cache.match(CacheSpace.SHARED, text, 8), "kept");
            cache.checkIntegrity(List.of(session, other));
            now[0] = 700;
            assertEquals(8, cache.attach(session, text, 8).tokens());
            model.verify(session, text, "resumed");
            cache.park(session, ParkHint.of("fast"));
            advance(cache, model, other, ones, 28);
            assertTrue(cache.match(CacheSpace.SHARED, text, 8) < 8, "gave way");
            cache.checkIntegrity(List.of(session, other));
        }
    }

    private static void advance(
            KvCache cache, PageLm model, KvSequence sequence, int[] text, int end) {
        int from = sequence.length();
        assertTrue(cache.reserve(sequence, end));
        model.compute(sequence, text, from, end);
        cache.commit(sequence, text, from, end);
    }

    /// 65 % of the sessions' time is tool time. In the memory in which as many sessions as possible
    /// go on when all is pinned, twice as many go on, the host tier counted as memory and the rest
    /// on disk.
    @Test
    void twiceTheSessionsInEqualMemory(@TempDir Path folder) {
        for (int seed = 1; seed <= 2; seed++) {
            int pinned = mostPinned(seed);
            var trace = new ParkingTrace(seed, 2 * pinned);
            assertEquals(0.65, trace.waitShare(), 0.01);
            int host = POOL_PAGES / 8;
            var tiers = KvTiers.host(new ModelFingerprint(seed, 0), host * 32L)
                    .withDisk(folder, 1 << 20);
            ParkingTrace.Outcome ours =
                    trace.run(POOL_PAGES - host, tiers, ParkingTrace.Policy.PARK);
            System.out.printf("seed %d: %d sessions in the memory of %d pinned ones; computed "
                    + "again %d tokens, drop-everything %d (%.1f %%); %d steps%n", seed,
                    2 * pinned, pinned, ours.computedAgain(), trace.dropEverything(),
                    100.0 * ours.computedAgain() / trace.dropEverything(), ours.steps());
            assertEquals(2 * pinned, ours.finished(), "seed " + seed);
            assertTrue(ours.computedAgain() <= 0.15 * trace.dropEverything(), "seed " + seed);
        }
    }

    /// The most sessions with which pinning everything does not come to a standstill.
    private static int mostPinned(int seed) {
        int count = 1;
        while (new ParkingTrace(seed, count + 1).run(POOL_PAGES, KvTiers.NONE,
                ParkingTrace.Policy.PIN).finished() == count + 1) {
            count++;
        }
        assertTrue(count >= 8, "as many as fit at full length");
        return count;
    }

    /// The yardstick is what it is said to be.
    @Test
    void droppingEverythingComputesAllAgain() {
        var trace = new ParkingTrace(1, 8);
        var dropped = trace.run(POOL_PAGES, KvTiers.NONE, ParkingTrace.Policy.FORGET);
        assertEquals(trace.dropEverything(), dropped.computedAgain());
    }
}
