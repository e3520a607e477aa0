package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: each rule of the order by itself. Method: a few jobs with planted lengths, decoded one
/// token a step.
final class SchedulerTest {
    private static final JobHints NONE = JobHints.NONE;
    private long now;

    private Job arrive(Scheduler scheduler, JobHints hints, int decode) {
        var job = new Job(hints, now);
        scheduler.arrive(job, 0, decode);
        return job;
    }

    /// One step: every chosen job decodes a token.
    private List<Job> step(Scheduler scheduler) {
        var chosen = new Job[scheduler.options().slots()];
        int count = scheduler.choose(now, chosen);
        for (int i = 0; i < count; i++) {
            scheduler.served(chosen[i], 0, 1);
        }
        now += 100;
        return Arrays.asList(chosen).subList(0, count);
    }

    private static SchedulerOptions strict(int slots) {
        return SchedulerOptions.of(slots).withOldestShare(0);
    }

    @Test
    void shortest_remaining_work_first() {
        var scheduler = new Scheduler(strict(1));
        Job longer = arrive(scheduler, NONE, 100);
        Job shorter = arrive(scheduler, NONE, 50);
        assertEquals(List.of(shorter), step(scheduler));
        Job shortest = arrive(scheduler, NONE, 10);
        assertEquals(List.of(shortest), step(scheduler));
        scheduler.leave(shortest);
        scheduler.leave(shorter);
        assertEquals(List.of(longer), step(scheduler));
    }

    /// A prompt counts with its known length.
    @Test
    void prompts_are_work() {
        var scheduler = new Scheduler(strict(1).withCosts(1, 2));
        var reads = new Job(NONE, 0);
        scheduler.arrive(reads, 100, 10);
        Job writes = arrive(scheduler, NONE, 59);
        assertEquals(List.of(writes), step(scheduler));
        scheduler.served(reads, 5, 0);
        assertEquals(List.of(reads), step(scheduler));
    }

    /// Two jobs that both last longer than estimated change places a few times, not in each step.
    @Test
    void overrun_estimates_double() {
        var scheduler = new Scheduler(strict(1));
        arrive(scheduler, NONE, 4);
        arrive(scheduler, NONE, 4);
        Job last = step(scheduler).getFirst();
        int changes = 0;
        for (int i = 0; i < 2000; i++) {
            Job job = step(scheduler).getFirst();
            changes += job == last ? 0 : 1;
            last = job;
        }
        assertTrue(changes >= 8 && changes <= 20, changes + " changes");
    }

    /// Equal clients take turns of a quantum, not of a step.
    @Test
    void equal_clients_keep_their_slot_for_a_quantum() {
        var scheduler = new Scheduler(strict(1));
        Job a = arrive(scheduler, NONE.withClient("a"), 1_000_000);
        arrive(scheduler, NONE.withClient("b"), 1_000_000);
        int changes = 0;
        int ofA = 0;
        Job last = a;
        int steps = 6400;
        for (int i = 0; i < steps; i++) {
            Job job = step(scheduler).getFirst();
            changes += job == last ? 0 : 1;
            ofA += job == a ? 1 : 0;
            last = job;
        }
        assertEquals(steps / 2, ofA, 64);
        assertTrue(changes >= 90 && changes <= 101, changes + " changes");
    }

    @Test
    void lanes_are_strict() {
        var scheduler = new Scheduler(strict(2));
        Job low = arrive(scheduler, NONE.withLane(2), 1);
        Job middle = arrive(scheduler, NONE.withLane(1), 10);
        Job high = arrive(scheduler, NONE, 1000);
        assertEquals(List.of(high, middle), step(scheduler));
        scheduler.block(high);
        assertEquals(List.of(middle, low), step(scheduler));
        scheduler.unblock(high);
        assertEquals(List.of(high, middle), step(scheduler));
        assertThrows(IllegalArgumentException.class,
                () -> arrive(scheduler, NONE.withLane(4), 1));
    }

    /// A long job of the lowest lane under a flood of short ones of the first gets its 5 %.
    @Test
    void nobody_starves() {
        for (int slots : new int[] {1, 3, 32}) {
            var scheduler = new Scheduler(SchedulerOptions.of(slots));
            now = 0;
            Job old = arrive(scheduler, NONE.withLane(3), 100_000);
            int served = 0;
            for (int i = 0; i < 2000; i++) {
                while (scheduler.size() < 2 * slots + 1) {
                    arrive(scheduler, NONE, 3);
                }
                for (Job job : step(scheduler)) {
                    if (job == old) {
                        served++;
                    } else if (job.decoded() == 3) {
                        scheduler.finish(job);
                    }
                }
            }
            int least = Math.min(1999, (int) (0.05 * slots * 2000) - 1);
            assertTrue(served >= least, slots + " slots: served " + served);
            assertTrue(served <= least + 2, slots + " slots: served " + served);
        }
    }

    /// What the oldest gets by its rank counts: its share takes nothing from the others then.
    @Test
    void the_share_of_the_oldest_is_no_extra() {
        var scheduler = new Scheduler(SchedulerOptions.of(1));
        Job old = arrive(scheduler, NONE, 10_000);
        arrive(scheduler, NONE, 20_000);
        for (int i = 0; i < 15; i++) {
            assertEquals(List.of(old), step(scheduler));
        }
        arrive(scheduler, NONE, 1000);
        int served = 0;
        for (int i = 0; i < 200; i++) {
            served += step(scheduler).contains(old) ? 1 : 0;
        }
        assertTrue(served < 1, "served " + served);
    }

    /// A later call of a program is as old as the program.
    @Test
    void programs_keep_their_age() {
        var scheduler = new Scheduler(SchedulerOptions.of(1).withOldestShare(1));
        JobHints program = NONE.withProgram("p");
        Job first = arrive(scheduler, program, 5);
        step(scheduler);
        Job other = arrive(scheduler, NONE, 5);
        scheduler.finish(first);
        step(scheduler);
        Job second = arrive(scheduler, program, 5000);
        assertEquals(List.of(second), step(scheduler));
        scheduler.leave(second);
        assertEquals(List.of(other), step(scheduler));
    }

    /// A client beyond its slots waits for the others, yet no slot stays empty.
    @Test
    void client_slots_throttle_softly() {
        var scheduler = new Scheduler(strict(8).withClientSlots(3));
        for (int i = 0; i < 20; i++) {
            arrive(scheduler, NONE.withClient("greedy"), 10);
        }
        for (int i = 0; i < 2; i++) {
            arrive(scheduler, NONE.withClient("modest"), 1000);
        }
        arrive(scheduler, NONE.withClient("later").withLane(1), 1000);
        List<Job> chosen = step(scheduler);
        assertEquals(8, chosen.size());
        assertEquals(5, count(chosen, "greedy"));
        assertEquals(2, count(chosen, "modest"));
        assertEquals(1, count(chosen, "later"));
        for (Job job : chosen) {
            scheduler.leave(job);
        }
        assertEquals(8, step(scheduler).size());
    }

    private static int count(List<Job> jobs, String client) {
        int count = 0;
        for (Job job : jobs) {
            count += job.hints().client().equals(client) ? 1 : 0;
        }
        return count;
    }

    /// The slots of one step are shared, not only those of many steps.
    @Test
    void a_step_is_spread_over_the_clients() {
        var scheduler = new Scheduler(strict(8));
        for (int i = 0; i < 40; i++) {
            arrive(scheduler, NONE.withClient("c" + i % 4), 1000);
        }
        List<Job> chosen = step(scheduler);
        for (int c = 0; c < 4; c++) {
            assertEquals(2, count(chosen, "c" + c));
        }
    }

    @Test
    void victims_are_the_youngest_of_the_lowest_lane() {
        var scheduler = new Scheduler(strict(8));
        Job old = arrive(scheduler, NONE, 10);
        Job young = arrive(scheduler, NONE, 10);
        Job low = arrive(scheduler, NONE.withLane(1), 10);
        Job waiting = arrive(scheduler, NONE.withLane(2), 10);
        for (Job job : List.of(old, young, low)) {
            scheduler.attached(job, 0);
        }
        assertTrue(scheduler.victim(old).isEmpty(), "all started in this step");
        step(scheduler);
        assertSame(low, scheduler.victim(old).orElseThrow());
        assertTrue(scheduler.victim(low).isEmpty(), "all others are worth more");
        assertTrue(scheduler.victim(waiting).isEmpty(), "all others are worth more");
        scheduler.preempted(low, 7);
        assertEquals(7, low.promptLeft());
        assertSame(young, scheduler.victim(old).orElseThrow());
        scheduler.attached(low, 5);
        assertSame(young, scheduler.victim(old).orElseThrow(), "low came back in this step");
        step(scheduler);
        assertSame(low, scheduler.victim(old).orElseThrow());
    }

    @Test
    void a_job_gives_way_a_few_times_only() {
        var scheduler = new Scheduler(strict(8).withPreemptionsMax(1));
        Job old = arrive(scheduler, NONE, 10);
        Job middle = arrive(scheduler, NONE, 10);
        Job young = arrive(scheduler, NONE, 10);
        for (Job job : List.of(old, middle, young)) {
            scheduler.attached(job, 0);
        }
        step(scheduler);
        scheduler.preempted(young, 7);
        scheduler.attached(young, 7);
        step(scheduler);
        assertSame(middle, scheduler.victim(old).orElseThrow(), "young had its preemption");
        scheduler.preempted(middle, 3);
        assertSame(young, scheduler.victim(old).orElseThrow(), "else nobody could go on");
        assertTrue(scheduler.victim(middle).isEmpty(), "middle is not the most worthy");
    }

    @Test
    void lengths_are_learnt() {
        var scheduler = new Scheduler(strict(1));
        JobHints program = NONE.withClient("c").withProgram("p");
        assertEquals(20, scheduler.decodeEstimate(program, 20), "bounded by the request");
        for (int i = 0; i < 8; i++) {
            decode(scheduler, NONE.withClient("c").withExpectedTool("search"), 30);
            decode(scheduler, NONE.withClient("c"), 400);
        }
        decode(scheduler, program, 900);
        assertEquals(900, scheduler.decodeEstimate(program, 10_000));
        JobHints unknown = NONE.withClient("c").withProgram("q");
        assertEquals(30, scheduler.decodeEstimate(unknown.withExpectedTool("search"), 1000), 1);
        assertEquals(120, scheduler.decodeEstimate(unknown, 1000), 30);
    }

    private void decode(Scheduler scheduler, JobHints hints, int tokens) {
        Job job = arrive(scheduler, hints, 10);
        scheduler.served(job, 0, tokens);
        scheduler.finish(job);
    }

    @Test
    void jobs_that_left_are_refused() {
        var scheduler = new Scheduler(strict(1));
        Job job = arrive(scheduler, NONE, 1);
        assertThrows(IllegalStateException.class, () -> scheduler.arrive(job, 0, 1));
        scheduler.leave(job);
        assertThrows(IllegalStateException.class, () -> scheduler.leave(job));
        assertThrows(IllegalStateException.class, () -> scheduler.served(job, 0, 1));
        assertEquals(0, scheduler.size());
        assertEquals(List.of(), step(scheduler));
    }

    /// A step allocates nothing on the Java heap.
    @Test
    void a_step_allocates_nothing() {
        var scheduler = new Scheduler(SchedulerOptions.of(32));
        for (int i = 0; i < 1024; i++) {
            JobHints hints = NONE.withClient("" + i % 16).withLane(i % 2);
            arrive(scheduler, i % 8 == 0 ? hints.withDeadline(1_000_000_000L * i) : hints,
                    1 + i * 7919 % 500);
        }
        var chosen = new Job[32];
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        int steps = 4000;
        for (int i = -steps; i < steps; i++) {
            before = i == 0 ? threads.getCurrentThreadAllocatedBytes() : before;
            int count = scheduler.choose(now += 1_000_000, chosen);
            for (int k = 0; k < count; k++) {
                scheduler.served(chosen[k], 0, 1);
            }
        }
        long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / steps;
        assertEquals(0, bytes, "bytes per step");
    }
}
