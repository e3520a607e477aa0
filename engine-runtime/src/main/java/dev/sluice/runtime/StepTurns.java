package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// Engines that share processors take turns: two steps at once would have each other's threads in
/// the way. A turn lasts a step; where the model allows it, it may change between two layers of a
/// step, so that a small model need not wait for a large one's. Any thread.
///
/// The processors' time is shared by weight (stride scheduling, Waldspurger and Weihl 1995): each
/// engine has a virtual time, which a step moves on by its duration over the weight, and whoever is
/// furthest behind goes next. An engine that has been idle comes back with at most [#CREDIT_NANOS]
/// of processor time to its credit, so that the small one that is asked now and then answers as if
/// it were alone, and nobody can save up for hours.
///
/// ```java
/// var turns = new StepTurns();
/// var orchestrator = new Engine(small, tokenizer, EngineOptions.defaults().withTurns(turns, 1));
/// var worker = new Engine(large, tokenizer, EngineOptions.defaults().withTurns(turns, 1));
/// ```
public final class StepTurns {
    /// Of processor time.
    public static final long CREDIT_NANOS = 1_000_000_000;

    /// Of processor time that an engine may be ahead in the middle of a step.
    private static final long QUANTUM_NANOS = 10_000_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final List<Turn> turns = new ArrayList<>();
    private final LongSupplier clock;
    private boolean held;
    /// Of those that want a turn, how many have none; read without the lock.
    private volatile int waiting;
    /// Virtual time of who went last.
    private double now;

    public StepTurns() {
        this(System::nanoTime);
    }

    /// @param clock nanoseconds
    StepTurns(LongSupplier clock) {
        this.clock = clock;
    }

    /// Takes an engine in.
    ///
    /// @param weight its share of the time relative to the others', above 0
    public Turn join(double weight) {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("weight=" + weight + ", allowed: above 0");
        }
        lock.lock();
        try {
            var turn = new Turn(weight);
            turns.add(turn);
            return turn;
        } finally {
            lock.unlock();
        }
    }

    /// One engine's place. Its thread alone calls it.
    public final class Turn implements AutoCloseable {
        private final double weight;
        private final Condition mine = lock.newCondition();
        /// Virtual: nanoseconds of processor time over the weight.
        private double time;
        private boolean wants;
        private boolean holds;
        private long begun;
        private long used;
        private long away;

        private Turn(double weight) {
            this.weight = weight;
            time = now;
        }

        /// Whether others might wait for the end of this engine's step.
        public boolean shared() {
            lock.lock();
            try {
                return turns.size() > 1;
            } finally {
                lock.unlock();
            }
        }

        /// Waits until a step may run.
        public void begin() {
            lock.lock();
            try {
                if (!wants) {
                    wants = true;
                    time = Math.max(time, now - CREDIT_NANOS / weight);
                }
                if (!held) {
                    pass();
                } else if (!holds) {
                    waiting++;
                }
                awaitMine();
            } finally {
                lock.unlock();
            }
        }

        private void awaitMine() {
            while (!holds) {
                mine.awaitUninterruptibly();
            }
            begun = clock.getAsLong();
        }

        /// In the middle of a step: lets those go first who are further behind. Costs a read when
        /// nobody waits.
        public void pause() {
            if (waiting == 0) {
                return;
            }
            lock.lock();
            try {
                long left = clock.getAsLong();
                spend();
                // A small lead is kept: changing over costs something too.
                time -= QUANTUM_NANOS / weight;
                pass();
                time += QUANTUM_NANOS / weight;
                awaitMine();
                away += begun - left;
            } finally {
                lock.unlock();
            }
        }

        private void spend() {
            long took = clock.getAsLong() - begun;
            used += took;
            time += took / weight;
            now = time;
            holds = false;
        }

        /// The step is over.
        ///
        /// @param more whether another one is wanted at once
        public void end(boolean more) {
            lock.lock();
            try {
                spend();
                wants = more;
                pass();
            } finally {
                lock.unlock();
            }
        }

        /// Processor time of all its steps so far, in nanoseconds.
        public long usedNanos() {
            lock.lock();
            try {
                return used;
            } finally {
                lock.unlock();
            }
        }

        /// Nanoseconds that others had in the middle of its steps.
        public long awayNanos() { return away; }

        /// Leaves, whatever [#end] said.
        @Override
        public void close() {
            lock.lock();
            try {
                turns.remove(this);
                wants = false;
                if (holds) {
                    holds = false;
                    pass();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Gives the turn, which nobody holds, to whoever is furthest behind of those who want it.
    private void pass() {
        int wanting = 0;
        int behind = 0;
        for (int i = 0; i < turns.size(); i++) {
            Turn turn = turns.get(i);
            if (turn.wants) {
                behind = wanting == 0 || turn.time < turns.get(behind).time ? i : behind;
                wanting++;
            }
        }
        held = wanting > 0;
        waiting = Math.max(0, wanting - 1);
        if (held) {
            turns.get(behind).holds = true;
            turns.get(behind).mine.signal();
        }
    }
}
