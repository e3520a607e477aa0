package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: steps of several engines never overlap, and the time is shared by weight.
///
/// Method: threads take turns on a clock that only their steps move.
@Timeout(30)
class StepTurnsTest {
    /// Steps so long that nobody can save up more than one.
    private static final long CREDIT = StepTurns.CREDIT_NANOS;

    private final AtomicLong clock = new AtomicLong();
    private final StepTurns turns = new StepTurns(clock::get);
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicBoolean overlapped = new AtomicBoolean();

    private void step(StepTurns.Turn turn, long nanos, boolean more) {
        turn.begin();
        overlapped.compareAndSet(false, inside.incrementAndGet() != 1);
        clock.addAndGet(nanos);
        inside.decrementAndGet();
        turn.end(more);
    }

    /// Two engines that always want to go on, until the first has had so many steps; returns how
    /// many the second had meanwhile.
    private int race(double weight, long nanos, double otherWeight, long otherNanos, int steps)
            throws InterruptedException {
        var started = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var done = new AtomicBoolean();
        var others = new AtomicInteger();
        var had = new AtomicInteger();
        StepTurns.Turn one = turns.join(weight);
        StepTurns.Turn two = turns.join(otherWeight);
        Thread second = Thread.ofVirtual().start(() -> {
            step(two, otherNanos, true);
            started.countDown();
            awaitQuietly(go);
            while (!done.get()) {
                step(two, otherNanos, true);
                others.incrementAndGet();
            }
            two.close();
        });
        started.await();
        Thread first = Thread.ofVirtual().start(() -> {
            go.countDown();
            step(one, nanos, true);
            others.set(0);
            for (int i = 0; i < steps; i++) {
                step(one, nanos, true);
            }
            had.set(others.get());
            done.set(true);
            one.close();
        });
        first.join();
        second.join();
        return had.get();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void timeIsSharedByWeightAndNotByStep() throws InterruptedException {
        assertEquals(1000, race(1, CREDIT, 1, 3 * CREDIT, 3000), 5);
        assertFalseOverlap();
    }

    @Test
    void aHeavierEngineGetsMore() throws InterruptedException {
        assertEquals(1000, race(3, CREDIT, 1, CREDIT, 3000), 5);
        assertFalseOverlap();
    }

    @Test
    void whoComesBackGoesFirstUntilItsCreditIsUsed() throws InterruptedException {
        long millis = 1_000_000;
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        var done = new AtomicBoolean();
        var warm = new CountDownLatch(1);
        StepTurns.Turn small = turns.join(1);
        Thread busy = Thread.ofVirtual().start(() -> {
            try (StepTurns.Turn turn = turns.join(1)) {
                for (int i = 0; i < 100; i++) {
                    step(turn, 100 * millis, true);
                }
                warm.countDown();
                while (!done.get()) {
                    step(turn, 100 * millis, true);
                    order.add("busy");
                }
            }
        });
        warm.await();
        for (int i = 0; i < 30; i++) {
            step(small, 100 * millis, i < 29);
            order.add("small");
        }
        done.set(true);
        small.close();
        busy.join();
        int first = order.indexOf("small");
        int run = 0;
        while (order.get(first + run).equals("small")) {
            run++;
        }
        // Ten seconds behind, it may catch up one.
        assertTrue(run >= 10 && run <= 12, "steps in a row: " + run);
        assertEquals(30 * 100 * millis, small.usedNanos());
        assertFalseOverlap();
    }

    @Test
    void theMiddleOfALongStepIsLeftToWhoIsBehind() throws InterruptedException {
        StepTurns.Turn small = turns.join(1);
        StepTurns.Turn large = turns.join(1);
        step(large, 5 * CREDIT, false);
        var order = Collections.synchronizedList(new ArrayList<String>());
        large.begin();
        large.pause();
        order.add("first layer");
        Thread other = Thread.ofVirtual().start(() -> {
            small.begin();
            order.add("small");
            clock.addAndGet(7);
            small.end(false);
        });
        while (!order.contains("small")) {
            clock.addAndGet(1);
            large.pause();
        }
        order.add("last layer");
        large.end(false);
        other.join();
        assertEquals(List.of("first layer", "small", "last layer"), order);
        assertEquals(7, small.usedNanos());
        assertEquals(7, large.awayNanos());
    }

    @Test
    void aSmallLeadIsKeptInTheMiddleOfAStep() throws InterruptedException {
        StepTurns.Turn one = turns.join(1);
        one.begin();
        Thread other = Thread.ofVirtual().start(() -> step(turns.join(1), 5, false));
        for (int i = 0; i < 1000; i++) {
            clock.addAndGet(9_000);
            one.pause();
            Thread.onSpinWait();
        }
        assertEquals(0, one.awayNanos());
        one.end(false);
        other.join();
        assertFalseOverlap();
    }

    @Test
    void whoClosesWithATurnInHandGivesItAway() throws InterruptedException {
        StepTurns.Turn leaving = turns.join(1);
        step(leaving, 5, true);
        Thread other = Thread.ofVirtual().start(() -> step(turns.join(1), 5, false));
        leaving.close();
        other.join();
        assertFalseOverlap();
    }

    @Test
    void weightsAreAboveZero() {
        assertThrows(IllegalArgumentException.class, () -> turns.join(0));
        assertThrows(IllegalArgumentException.class, () -> turns.join(Double.NaN));
    }

    private void assertFalseOverlap() {
        assertEquals(false, overlapped.get(), "two steps at once");
    }
}
