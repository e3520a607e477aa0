package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Goal: a deadline that can be met is met, one that can not disturbs nobody, and the engine is
/// told once. Method: one slot, a step of 1000 nanoseconds, one token a step.
final class DeadlineTest {
    private static final int STEP = 1000;
    private final Scheduler scheduler =
            new Scheduler(SchedulerOptions.of(1).withOldestShare(0));
    private final Job[] chosen = new Job[1];
    private long now;

    private Job arrive(int tokens, long deadline) {
        var job = new Job(JobHints.NONE.withDeadline(deadline), now);
        scheduler.arrive(job, 0, tokens);
        return job;
    }

    private Job step() {
        int count = scheduler.choose(now, chosen);
        now += STEP;
        assertEquals(1, count);
        scheduler.served(chosen[0], 0, 1);
        return chosen[0];
    }

    /// The clock is learnt from steps.
    private void warmUp() {
        Job job = arrive(10, JobHints.NO_DEADLINE);
        for (int i = 0; i < 10; i++) {
            step();
        }
        scheduler.leave(job);
    }

    @Test
    void long_job_with_a_deadline_is_done_in_time() {
        warmUp();
        Job job = arrive(100, now + 260 * STEP);
        int served = 0;
        while (job.decoded() < 100) {
            while (scheduler.size() < 4) {
                arrive(5, JobHints.NO_DEADLINE);
            }
            Job other = step();
            served++;
            if (other != job && other.decoded() == 5) {
                scheduler.finish(other);
            }
        }
        assertTrue(served <= 260, "took " + served + " steps");
        assertTrue(served > 150, "short jobs went first as long as there was time: " + served);
    }

    @Test
    void unreachable_deadline_gives_no_precedence() {
        warmUp();
        Job late = arrive(100, now + 50 * STEP);
        Job shorter = arrive(20, JobHints.NO_DEADLINE);
        assertSame(shorter, step());
        scheduler.leave(shorter);
        assertSame(late, step(), "it goes on by its rank");
    }

    @Test
    void earliest_deadline_first_and_no_swapping() {
        warmUp();
        Job second = arrive(40, now + 81 * STEP);
        Job first = arrive(40, now + 61 * STEP);
        arrive(1, JobHints.NO_DEADLINE);
        for (int i = 0; i < 40; i++) {
            assertSame(first, step(), "step " + i);
        }
        scheduler.finish(first);
        for (int i = 0; i < 40; i++) {
            assertSame(second, step(), "step " + i);
        }
    }

    /// Not the one that presses most: who has the most work left would go first and make the
    /// others late.
    @Test
    void a_later_deadline_with_more_work_waits() {
        warmUp();
        Job longer = arrive(60, now + 110 * STEP);
        Job shorter = arrive(20, now + 35 * STEP);
        arrive(1, JobHints.NO_DEADLINE);
        for (int i = 0; i < 20; i++) {
            assertSame(shorter, step(), "step " + i);
        }
        scheduler.finish(shorter);
        assertSame(longer, step());
    }

    /// Work that is done makes a deadline less pressing.
    @Test
    void a_job_ahead_of_its_time_is_not_urgent() {
        warmUp();
        Job job = arrive(100, now + 220 * STEP);
        for (int i = 0; i < 15; i++) {
            assertSame(job, step());
        }
        Job shorter = arrive(30, JobHints.NO_DEADLINE);
        for (int i = 0; i < 25; i++) {
            assertSame(shorter, step(), "step " + i);
        }
    }

    @Test
    void lanes_go_before_deadlines() {
        warmUp();
        arrive(40, now + 50 * STEP);
        var low = new Job(JobHints.NONE.withLane(1).withDeadline(now + 12 * STEP), now);
        scheduler.arrive(low, 0, 10);
        assertEquals(0, step().hints().lane());
    }

    @Test
    void expired_jobs_are_told_once() {
        Job first = arrive(10, 500);
        Job second = arrive(10, 700);
        Job third = arrive(10, 900);
        arrive(10, JobHints.NO_DEADLINE);
        scheduler.block(second);
        var expired = new Job[2];
        assertEquals(0, scheduler.expired(500, expired));
        scheduler.leave(third);
        assertEquals(2, scheduler.expired(1000, expired));
        assertSame(first, expired[0]);
        assertSame(second, expired[1]);
        assertEquals(0, scheduler.expired(2000, expired));
        scheduler.leave(first);
        scheduler.leave(second);
        assertEquals(1, scheduler.size());
    }
}
