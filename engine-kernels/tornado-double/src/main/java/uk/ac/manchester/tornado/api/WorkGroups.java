package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;

/// One launch: all groups one after another, the work items of a group at the same time.
final class WorkGroups {
    private final int lanes;
    private final int countX;
    private final int countY;
    private final TaskGraph.Body body;
    private final Object[] arguments;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean usedGroup;
    private volatile WorkGroup current = WorkGroup.NONE;
    private int next;

    WorkGroups(WorkerGrid grid, TaskGraph.Body body, Object[] arguments) {
        lanes = Math.toIntExact(grid.getLocalWork()[0]);
        if (grid.getGlobalWork()[0] % lanes != 0) {
            throw new IllegalArgumentException("%d work items are no whole groups of %d"
                    .formatted(grid.getGlobalWork()[0], lanes));
        }
        countX = Math.toIntExact(grid.getGlobalWork()[0] / lanes);
        countY = Math.toIntExact(grid.getGlobalWork()[1]);
        this.body = body;
        this.arguments = arguments;
    }

    /// Whether the kernel used barriers or local arrays. One that does not is run by this thread,
    /// one work item after another, when `together` is false.
    boolean run(boolean together) {
        if (together) {
            atTheSameTime();
        } else {
            var alone = new CyclicBarrier(lanes + 1);
            for (int g = 0; g < countX * countY; g++) {
                var group = new WorkGroup(g % countX, g / countX, lanes, alone);
                for (int lane = 0; lane < lanes; lane++) {
                    item(group, lane);
                }
            }
        }
        return usedGroup;
    }

    private void atTheSameTime() {
        var inside = new CyclicBarrier(lanes);
        var between = new CyclicBarrier(lanes, () -> {
            current = new WorkGroup(next % countX, next / countX, lanes, inside);
            next++;
        });
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < lanes; i++) {
            int lane = i;
            threads.add(Thread.ofVirtual().start(() -> lane(lane, inside, between)));
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted in a launch", e);
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a work item failed: " + failure.get().getMessage(),
                    failure.get());
        }
    }

    private void lane(int lane, CyclicBarrier inside, CyclicBarrier between) {
        try {
            for (int g = 0; g < countX * countY; g++) {
                between.await();
                item(current, lane);
            }
        } catch (Exception | Error e) {
            failure.compareAndSet(null, e);
            inside.reset();
            between.reset();
        }
    }

    private void item(WorkGroup group, int lane) {
        Object[] own = arguments.clone();
        var context = new KernelContext(group, lane);
        for (int i = 0; i < own.length; i++) {
            if (own[i] instanceof KernelContext) {
                own[i] = context;
            }
        }
        body.run(own);
        if (context.usedGroup()) {
            usedGroup = true;
            group.done(context.barriers());
        }
    }
}
