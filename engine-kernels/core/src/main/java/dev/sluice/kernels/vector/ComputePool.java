package dev.sluice.kernels.vector;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// The compute threads of one CPU backend: `threads - 1` daemon platform threads and the caller.
///
/// [#run] cuts a task into parts. Whoever is free claims the next part, so a thread that the
/// operating system holds back takes fewer of them; results must therefore not depend on who runs
/// a part, which they do not when each part owns its outputs. A run allocates nothing: callers keep
/// one [Task] object and set its fields before the call.
///
/// One thread at a time may call [#run]; a task must not call it again.
final class ComputePool implements AutoCloseable {
    private static final int PART_BITS = 20;

    /// Most parts of one run: part numbers have 20 bits of the ticket.
    static final int PARTS_MAX = (1 << PART_BITS) - 1;

    /// How long an idle thread polls before it sleeps. Between two operations of a decode step
    /// there are a few microseconds; waking a sleeper costs about as much as this.
    private static final long SPIN_NANOS = 50_000;

    private static final int POLLS_PER_CLOCK_READ = 64;

    /// Work that is cut into parts.
    interface Task {
        /// Runs one part on thread `worker`, 0 being the caller of [ComputePool#run]. Two parts
        /// never run at once with the same worker number, so it may index scratch memory.
        void run(int part, int worker);
    }

    /// Generation (24 bits), number of parts (20 bits), next part to claim (20 bits). All three
    /// in one word, so that a thread that wakes late can not claim a part of a later run by
    /// mistake. [#task] is read only after a claim: while a part is claimed and not finished, the
    /// run can not end and the field can not change.
    private final AtomicLong ticket = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Worker[] workers;
    private volatile Task task = (_, _) -> { };
    private volatile boolean callerSleeps;
    private volatile Thread caller = Thread.currentThread();
    private volatile boolean closed;

    ComputePool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, got " + threads);
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].thread.start();
        }
    }

    int threads() {
        return workers.length + 1;
    }

    /// Runs parts 0 to `parts - 1` of `work` and returns when all are done. The first exception
    /// of a part is thrown here, after the others have ended.
    void run(int parts, Task work) {
        if (parts < 0 || parts > PARTS_MAX) {
            throw new IllegalArgumentException("parts must be in 0..%d, got %d"
                    .formatted(PARTS_MAX, parts));
        }
        if (closed || unfinished.get() != 0) {
            throw new IllegalStateException(
                    closed ? "the compute threads are closed" : "a run is already under way");
        }
        if (parts == 0) {
            return;
        }
        caller = Thread.currentThread();
        task = work;
        unfinished.set(parts);
        long generation = (ticket.get() >>> 2 * PART_BITS) + 1;
        ticket.set(generation << 2 * PART_BITS | (long) parts << PART_BITS);
        wake(Math.min(parts - 1, workers.length));
        claimParts(0);
        awaitOthers();
        Throwable thrown = failure.getAndSet(null);
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException exception) {
            throw exception;
        }
    }

    private void wake(int count) {
        for (int i = 0; i < count; i++) {
            if (workers[i].sleeps) {
                LockSupport.unpark(workers[i].thread);
            }
        }
    }

    private void claimParts(int worker) {
        while (true) {
            long seen = ticket.get();
            int next = (int) seen & PARTS_MAX;
            if (next >= ((int) (seen >>> PART_BITS) & PARTS_MAX)) {
                return;
            }
            if (ticket.compareAndSet(seen, seen + 1)) {
                try {
                    task.run(next, worker);
                } catch (RuntimeException | Error thrown) {
                    failure.compareAndSet(null, thrown);
                } finally {
                    finishPart();
                }
            }
        }
    }

    private void finishPart() {
        if (unfinished.decrementAndGet() == 0 && callerSleeps) {
            LockSupport.unpark(caller);
        }
    }

    private void awaitOthers() {
        long deadline = 0;
        for (int polls = 1; unfinished.get() != 0; polls++) {
            Thread.onSpinWait();
            if (polls % POLLS_PER_CLOCK_READ != 0) {
                continue;
            }
            long now = System.nanoTime();
            if (deadline == 0) {
                deadline = now + SPIN_NANOS;
            } else if (now - deadline > 0) {
                sleepUntilFinished();
            }
        }
    }

    private void sleepUntilFinished() {
        callerSleeps = true;
        while (unfinished.get() != 0) {
            LockSupport.park(this);
        }
        callerSleeps = false;
    }

    /// Stops the threads and waits for them. No run may be under way.
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Worker worker : workers) {
            while (worker.thread.isAlive()) {
                LockSupport.unpark(worker.thread);
                try {
                    worker.thread.join(1);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// One compute thread: polls for a new generation, sleeps when none comes.
    private final class Worker implements Runnable {
        private final int number;
        private final Thread thread;
        private volatile boolean sleeps;

        Worker(int number) {
            this.number = number;
            this.thread = Thread.ofPlatform().daemon().name("sluice-compute-" + number)
                    .unstarted(this);
        }

        @Override
        public void run() {
            long generation = 0;
            while (!closed) {
                generation = awaitAfter(generation);
                claimParts(number);
            }
        }

        /// The generation that follows `last`, or `last` itself when the pool closes.
        private long awaitAfter(long last) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            int polls = 0;
            while (!closed) {
                long generation = ticket.get() >>> 2 * PART_BITS;
                if (generation != last) {
                    return generation;
                }
                Thread.onSpinWait();
                polls++;
                if (polls % POLLS_PER_CLOCK_READ == 0 && System.nanoTime() - deadline > 0) {
                    sleepUnless(last);
                }
            }
            return last;
        }

        private void sleepUnless(long last) {
            sleeps = true;
            while (!closed && ticket.get() >>> 2 * PART_BITS == last) {
                LockSupport.park(ComputePool.this);
            }
            sleeps = false;
        }
    }
}
