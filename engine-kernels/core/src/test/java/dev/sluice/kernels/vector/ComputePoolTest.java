package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/// Goal: every part runs exactly once, whatever the number of threads and the pauses between
/// runs. Method: count the calls of each part over many runs of changing size.
class ComputePoolTest {
    @Test
    void everyPartRunsOnce() {
        for (int threads : new int[] {1, 2, 3, 5}) {
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> countCalls(threads));
        }
    }

    private static void countCalls(int threads) throws InterruptedException {
        try (var pool = new ComputePool(threads)) {
            for (int round = 0; round < 3000; round++) {
                int parts = round % 17;
                var calls = new AtomicIntegerArray(17);
                pool.run(parts, (part, worker) -> {
                    assertFalse(worker < 0 || worker >= threads);
                    calls.incrementAndGet(part);
                });
                for (int part = 0; part < 17; part++) {
                    assertEquals(part < parts ? 1 : 0, calls.get(part), "part " + part);
                }
                if (round % 500 == 0) {
                    Thread.sleep(2);
                }
            }
        }
    }

    @Test
    void aFailureReachesTheCallerAndTheOtherPartsStillRun() {
        try (var pool = new ComputePool(3)) {
            var done = new AtomicInteger();
            var thrown = new IllegalArgumentException("part 5");
            assertSame(thrown, assertThrows(IllegalArgumentException.class,
                    () -> pool.run(20, (part, _) -> {
                        if (part == 5) {
                            throw thrown;
                        }
                        done.incrementAndGet();
                    })));
            assertEquals(19, done.get());
            pool.run(4, (_, _) -> done.incrementAndGet());
            assertEquals(23, done.get());
        }
    }

    @Test
    void aRunInsideARunAndAClosedPoolAreRefused() {
        var pool = new ComputePool(2);
        assertThrows(IllegalStateException.class,
                () -> pool.run(2, (_, _) -> pool.run(1, (_, _) -> { })));
        pool.close();
        assertThrows(IllegalStateException.class, () -> pool.run(1, (_, _) -> { }));
    }
}
