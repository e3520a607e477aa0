package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: clients that always want more get service by their weights, whatever their jobs look
/// like, and idling earns no credit. Method: random jobs and chunks; the gap after every step.
///
/// The bound: a client is given a slot more than its part only while its key, at most a quantum
/// behind its counter, is the least. So no two are further apart than a quantum and one step.
final class FairShareTest {
    private static final int CHUNK = 64;

    private final Map<String, Double> cost = new HashMap<>();
    private long now;

    /// One step with random chunks; keeps so many jobs of each client waiting.
    private void step(Scheduler scheduler, Random random, Map<String, Integer> backlog) {
        backlog.forEach((client, jobs) -> {
            while (jobsOf.getOrDefault(client, 0) < jobs) {
                jobsOf.merge(client, 1, Integer::sum);
                var job = new Job(JobHints.NONE.withClient(client), now);
                int shape = random.nextInt(300);
                scheduler.arrive(job, random.nextInt(1 + shape), 1 + random.nextInt(1 + shape));
            }
        });
        SchedulerOptions options = scheduler.options();
        var chosen = new Job[options.slots()];
        int count = scheduler.choose(now++, chosen);
        for (int i = 0; i < count; i++) {
            Job job = chosen[i];
            String client = job.hints().client();
            int prompt = Math.min(job.promptLeft(), 1 + random.nextInt(CHUNK));
            int decoded = job.promptLeft() == prompt ? 1 : 0;
            scheduler.served(job, prompt, decoded);
            cost.merge(client, (options.promptCost() * prompt + options.decodeCost() * decoded)
                    / options.clientWeights().getOrDefault(client, 1.0), Double::sum);
            if (decoded > 0 && random.nextInt(50) == 0) {
                scheduler.finish(job);
                jobsOf.merge(client, -1, Integer::sum);
            }
        }
    }

    private final Map<String, Integer> jobsOf = new HashMap<>();

    private double gap() {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (double value : cost.values()) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        return most - least;
    }

    @Test
    void the_gap_is_bounded() {
        double widest = 0;
        for (int seed = 0; seed < 60; seed++) {
            var random = new Random(seed);
            int slots = 1 + random.nextInt(8);
            var weights = new HashMap<String, Double>();
            var backlog = new HashMap<String, Integer>();
            cost.clear();
            jobsOf.clear();
            double lightest = 1;
            for (int c = 0; c < 2 + random.nextInt(5); c++) {
                double weight = 0.25 + 2 * random.nextDouble();
                lightest = Math.min(lightest, weight);
                weights.put("c" + c, weight);
                backlog.put("c" + c, slots + 1 + random.nextInt(20));
                cost.put("c" + c, 0.0);
            }
            SchedulerOptions options = SchedulerOptions.of(slots).withOldestShare(0)
                    .withClientWeights(weights);
            double bound = (options.quantum() + slots * (CHUNK + 2.0)) / lightest;
            var scheduler = new Scheduler(options);
            for (int i = 0; i < 3000; i++) {
                step(scheduler, random, backlog);
                double gap = gap();
                widest = Math.max(widest, gap / bound);
                assertTrue(gap <= bound, "seed " + seed + " step " + i + ": " + cost
                        + " bound " + bound);
            }
        }
        assertTrue(widest > 0.3, "the bound says something: the widest gap was " + widest);
    }

    /// With the share of the oldest and with deadlines on everything of one client, the gap may be
    /// wider but does not grow with time.
    @Test
    void the_gap_stays_bounded_with_deadlines() {
        var scheduler = new Scheduler(SchedulerOptions.of(1));
        var served = new HashMap<String, Integer>();
        var chosen = new Job[1];
        for (int step = 0; step < 40_000; step++) {
            now = step * 1000L;
            while (scheduler.size() < 6) {
                boolean urgent = served.getOrDefault("last", 0) == 1;
                JobHints hints = JobHints.NONE.withClient(urgent ? "pushy" : "calm");
                served.put("last", urgent ? 0 : 1);
                long deadline = urgent ? now + 40_000 : JobHints.NO_DEADLINE;
                scheduler.arrive(new Job(hints.withDeadline(deadline), now), 0, 30);
            }
            scheduler.choose(now, chosen);
            scheduler.served(chosen[0], 0, 1);
            served.merge(chosen[0].hints().client(), 1, Integer::sum);
            if (chosen[0].decoded() == 30) {
                boolean pushy = chosen[0].hints().client().equals("pushy");
                scheduler.finish(chosen[0]);
                served.put("last", pushy ? 1 : 0);
            }
        }
        int ahead = served.get("pushy") - served.get("calm");
        assertTrue(ahead <= 33 * 128 / 2 + 64, served.toString());
        assertTrue(ahead >= 31 * 128 / 2, "deadlines do help: " + served);
    }

    /// Who comes back from a pause gets its part from now on, not what it left to others before.
    @Test
    void idling_earns_no_credit() {
        var scheduler = new Scheduler(SchedulerOptions.of(1).withOldestShare(0));
        var random = new Random(1);
        step(scheduler, random, Map.of("a", 5, "b", 5));
        for (int i = 0; i < 5000; i++) {
            step(scheduler, random, Map.of("a", 5));
        }
        cost.clear();
        for (int i = 0; i < 5000; i++) {
            step(scheduler, random, Map.of("a", 5, "b", 5));
        }
        assertEquals(cost.get("a"), cost.get("b"), 128 + 66);
    }
}
