package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// One group of work items: its barrier and its local arrays, which begin with the garbage that a
/// device leaves there. Shared by its work items.
final class WorkGroup {
    static final WorkGroup NONE = new WorkGroup(0, 0, 1, new CyclicBarrier(1));
    private static final long BARRIER_SECONDS_MAX = 5;

    private final int x;
    private final int y;
    private final int lanes;
    private final CyclicBarrier barrier;
    private final List<Object> arrays = new ArrayList<>();
    private int barriers = -1;

    WorkGroup(int x, int y, int lanes, CyclicBarrier barrier) {
        this.x = x;
        this.y = y;
        this.lanes = lanes;
        this.barrier = barrier;
    }

    int x() { return x; }

    int y() { return y; }

    int lanes() { return lanes; }

    /// The array that the work items allocate as number `index`.
    synchronized Object array(int index, Supplier<Object> made) {
        if (index == arrays.size()) {
            Object array = made.get();
            switch (array) {
                case float[] floats -> java.util.Arrays.fill(floats, Float.NaN);
                case int[] ints -> java.util.Arrays.fill(ints, 0x55555555);
                case long[] longs -> java.util.Arrays.fill(longs, 0x5555555555555555L);
                default -> throw new IllegalStateException("local array of " + array.getClass());
            }
            arrays.add(array);
        }
        return arrays.get(index);
    }

    void await() {
        if (barrier.getParties() != lanes) {
            throw new IllegalStateException("a barrier in a kernel that had none before");
        }
        try {
            barrier.await(BARRIER_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException("not every work item reached the barrier", e);
        } catch (BrokenBarrierException e) {
            throw new IllegalStateException(
                    "another work item failed or did not reach the barrier", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted at a barrier", e);
        }
    }

    /// A work item is done, after that many barriers.
    synchronized void done(int passed) {
        if (barriers >= 0 && barriers != passed) {
            throw new IllegalStateException("work items of a group passed %d and %d barriers"
                    .formatted(barriers, passed));
        }
        barriers = passed;
    }
}
