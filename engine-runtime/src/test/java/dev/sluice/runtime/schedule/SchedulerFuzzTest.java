package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: under any sequence of arrivals, cancels, blocks and preemptions a choice is right, and
/// the same sequence gives the same choices. Method: seeded sequences beside a plain list; after
/// each step: only jobs that are there and could go on, none twice, no slot empty while one waits,
/// no job of a lower lane before one of a higher (as far as the options are strict).
final class SchedulerFuzzTest {
    private static final int STEPS = 600;

    private final List<Job> live = new ArrayList<>();
    private final List<Job> blocked = new ArrayList<>();
    private final List<Job> resident = new ArrayList<>();
    private Random random;
    private Scheduler scheduler;
    private long now;

    @Test
    void choices_are_right() {
        for (int seed = 0; seed < 200; seed++) {
            assertEquals(run(seed), run(seed), "seed " + seed);
        }
    }

    /// Returns the order in which jobs were served, by arrival.
    private List<Long> run(int seed) {
        random = new Random(seed);
        int slots = 1 + random.nextInt(6);
        boolean strict = random.nextBoolean();
        SchedulerOptions options = SchedulerOptions.of(slots)
                .withClientWeights(Map.of("c1", 3.0))
                .withClientSlots(strict ? slots : 1 + random.nextInt(slots))
                .withOldestShare(strict ? 0 : random.nextDouble());
        scheduler = new Scheduler(options);
        live.clear();
        blocked.clear();
        resident.clear();
        now = 0;
        var served = new ArrayList<Long>();
        var chosen = new Job[slots];
        for (int i = 0; i < STEPS; i++) {
            now += random.nextInt(2000);
            for (int k = random.nextInt(4); k > 0; k--) {
                event();
            }
            int count = scheduler.choose(now, chosen);
            check(chosen, count, strict, "seed " + seed + " step " + i);
            for (int k = 0; k < count; k++) {
                serve(chosen[k]);
                served.add(chosen[k].sequence);
            }
        }
        while (!live.isEmpty()) {
            leave(live.getFirst());
        }
        assertEquals(0, scheduler.size());
        assertEquals(0, scheduler.choose(now, chosen));
        assertEquals(0, scheduler.expired(Long.MAX_VALUE, chosen));
        return served;
    }

    private void event() {
        Job any = live.isEmpty() ? null : live.get(random.nextInt(live.size()));
        switch (any == null ? 0 : random.nextInt(8)) {
            case 0, 1, 2 -> arrive();
            case 3 -> leave(any);
            case 4 -> {
                scheduler.block(any);
                if (!blocked.contains(any)) {
                    blocked.add(any);
                }
            }
            case 5, 6 -> {
                scheduler.unblock(any);
                blocked.remove(any);
            }
            default -> preempt(any);
        }
    }

    private void arrive() {
        JobHints hints = new JobHints("c" + random.nextInt(3), "p" + random.nextInt(5),
                random.nextInt(3), random.nextInt(3) == 0
                        ? now + random.nextInt(100_000)
                        : JobHints.NO_DEADLINE, random.nextBoolean() ? "t" : "");
        var job = new Job(hints, now);
        scheduler.arrive(job, random.nextInt(50), scheduler.decodeEstimate(hints, 60));
        live.add(job);
    }

    private void leave(Job job) {
        if (random.nextBoolean()) {
            scheduler.leave(job);
        } else {
            scheduler.finish(job);
        }
        live.remove(job);
        blocked.remove(job);
        resident.remove(job);
    }

    private void preempt(Job needy) {
        scheduler.victim(needy).ifPresent(victim -> {
            assertTrue(resident.contains(victim), "a victim without pages");
            assertTrue(victim.hints().lane() >= needy.hints().lane());
            scheduler.preempted(victim, 20);
            resident.remove(victim);
        });
    }

    private void serve(Job job) {
        if (!resident.contains(job)) {
            scheduler.attached(job, job.promptLeft());
            resident.add(job);
        }
        int prompt = Math.min(8, job.promptLeft());
        int decoded = prompt == job.promptLeft() ? 1 : 0;
        scheduler.served(job, prompt, decoded);
        if (decoded > 0 && random.nextInt(20) == 0) {
            leave(job);
        }
    }

    private void check(Job[] chosen, int count, boolean strict, String where) {
        int runnable = live.size() - blocked.size();
        assertEquals(Math.min(chosen.length, runnable), count, where);
        var distinct = new HashSet<Job>();
        int lowest = 0;
        for (int i = 0; i < count; i++) {
            assertTrue(distinct.add(chosen[i]), where + ": twice");
            assertTrue(live.contains(chosen[i]), where + ": not there");
            assertTrue(!blocked.contains(chosen[i]), where + ": blocked");
            lowest = Math.max(lowest, chosen[i].hints().lane());
        }
        for (Job job : live) {
            boolean passed = !distinct.contains(job) && !blocked.contains(job);
            assertTrue(!strict || !passed || job.hints().lane() >= lowest,
                    where + ": a lower lane went first");
        }
    }
}
