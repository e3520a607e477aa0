package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Draws the tokens of a step's rows on several threads, the engine's among them. Each row is drawn
/// by one thread from its own sequence's state, so who draws it changes nothing. A draw from a
/// vocabulary of 100,000 takes a tenth of a millisecond or more, and 32 of them one after the other
/// would be some percent of a step.
///
/// The helpers sleep between steps. [#draw] is for the engine's thread.
final class SamplerCrew implements AutoCloseable {
    private static final int POLLS = 2000;
    private static final int COUNT_BITS = 16;
    private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;

    private final Matrix logits;
    private final Sampler[] samplers;
    private final Thread[] helpers;
    private final Generation[] work;
    /// Number of the run (32 bits), rows (16 bits), next row to take (16 bits): in one word, so
    /// that a helper that wakes late can not take a row of a later run by mistake.
    private final AtomicLong ticket = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile boolean closed;

    /// @param rows  most rows of a run
    SamplerCrew(Matrix logits, int vocab, int threads, int rows) {
        this.logits = logits;
        work = new Generation[rows];
        samplers = new Sampler[threads];
        for (int i = 0; i < threads; i++) {
            samplers[i] = new Sampler(vocab);
        }
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            Sampler own = samplers[i + 1];
            helpers[i] = Thread.ofPlatform().daemon().name("sluice-sampler-" + (i + 1))
                    .start(() -> help(own));
        }
    }

    /// The engine thread's own sampler.
    Sampler sampler() { return samplers[0]; }

    /// Room for the generations of the next [#draw].
    Generation[] work() { return work; }

    /// Draws for the first `count` generations of [#work], each from the first row of its plan;
    /// the plans have the tokens or what went wrong.
    void draw(int count) {
        unfinished.set(count);
        long run = (ticket.get() >>> 2 * COUNT_BITS) + 1;
        ticket.set(run << 2 * COUNT_BITS | (long) count << COUNT_BITS);
        for (int i = 0; i < Math.min(count - 1, helpers.length); i++) {
            LockSupport.unpark(helpers[i]);
        }
        takeRows(samplers[0]);
        // At most one row per helper is left. On a crowded machine a helper may have been stopped
        // in the middle of it.
        for (int polls = 0; unfinished.get() > 0; polls++) {
            if (polls < POLLS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void takeRows(Sampler sampler) {
        while (true) {
            long seen = ticket.get();
            int next = (int) seen & COUNT_MASK;
            if (next >= ((int) (seen >>> COUNT_BITS) & COUNT_MASK)) {
                return;
            }
            if (ticket.compareAndSet(seen, seen + 1)) {
                try {
                    one(sampler, work[next]);
                } finally {
                    unfinished.decrementAndGet();
                }
            }
        }
    }

    private void one(Sampler sampler, Generation g) {
        Generation.Plan plan = g.plan();
        try {
            plan.drawn = sampler.sample(logits, plan.logitsRow, g.sampling(), g.banned());
            plan.draw = Generation.Draw.MADE;
        } catch (RuntimeException e) {
            // Drawn again on the engine's thread, where it is seen.
            plan.draw = Generation.Draw.OPEN;
        }
    }

    private void help(Sampler own) {
        long run = 0;
        while (!closed) {
            long seen = ticket.get() >>> 2 * COUNT_BITS;
            if (seen == run) {
                LockSupport.park(this);
            } else {
                run = seen;
                takeRows(own);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
