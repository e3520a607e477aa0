package dev.sluice.router;

import dev.sluice.kernels.spi.WeightLoader;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.locks.LockSupport;

/// The thread that loads experts beside the engine: what the engine waits for first, then what it
/// may need next. A slot that stands in a queue twice, or whose load another thread has claimed,
/// is passed over. A platform thread, because packing is computing.
final class ExpertFetcher implements AutoCloseable {
    private final ArrayBlockingQueue<ExpertSlot> wanted;
    private final ArrayBlockingQueue<ExpertSlot> predicted;
    private final WeightLoader loader;
    private final Thread thread;
    private volatile boolean closed;

    /// @param slots  no queue is ever asked to hold more
    ExpertFetcher(WeightLoader loader, int slots) {
        this.loader = loader;
        wanted = new ArrayBlockingQueue<>(slots);
        predicted = new ArrayBlockingQueue<>(slots);
        thread = Thread.ofPlatform().daemon().name("sluice-experts").start(this::run);
    }

    /// Engine thread. The engine loads the slot itself when this thread does not get to it, so a
    /// full queue loses nothing.
    void want(ExpertSlot slot) {
        wanted.offer(slot);
    }

    /// Engine thread; false when the queue is full of older predictions.
    boolean predict(ExpertSlot slot) {
        return predicted.offer(slot);
    }

    /// Engine thread: there is something in a queue.
    void wake() {
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            ExpertSlot slot = wanted.poll();
            slot = slot != null ? slot : predicted.poll();
            if (slot == null) {
                LockSupport.park(this);
            } else if (slot.claim()) {
                slot.load(loader);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            LockSupport.unpark(thread);
            try {
                thread.join(1);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
