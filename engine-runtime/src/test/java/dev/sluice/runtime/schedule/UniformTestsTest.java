package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: the case with a known bound. Every job is a test of one unit that reveals how long the
/// rest takes; shortest remaining operation first is 2-competitive for the sum of flow times
/// (arXiv 2602.12716). Method: random tiny instances beside the best order by exhaustive search,
/// which knows all lengths.
final class UniformTestsTest {
    private static final int UNIT = 100;

    @Test
    void at_most_twice_the_best_order() {
        double widest = 0;
        var random = new Random(7);
        for (int round = 0; round < 1500; round++) {
            int n = 1 + random.nextInt(5);
            var arrivals = new int[n];
            var rest = new int[n];
            for (int i = 0; i < n; i++) {
                arrivals[i] = random.nextInt(5);
                rest[i] = random.nextInt(6);
            }
            Arrays.sort(arrivals);
            int best = best(arrivals, rest);
            int ours = ours(arrivals, rest, SchedulerOptions.of(1));
            widest = Math.max(widest, (double) ours / best);
            assertTrue(ours <= 2 * best, "arrivals " + Arrays.toString(arrivals) + " rest "
                    + Arrays.toString(rest) + ": " + ours + ", best " + best);
        }
        assertTrue(widest > 1.1, "not a trivial set: widest " + widest);
    }

    private static int best(int[] arrivals, int[] rest) {
        var left = new int[rest.length];
        for (int i = 0; i < left.length; i++) {
            left[i] = 1 + rest[i];
        }
        return search(arrivals, left, 0, new HashMap<>());
    }

    /// Least sum of what is still waited, over all ways to give each unit of time to a job.
    private static int search(int[] arrivals, int[] left, int now, Map<Integer, Integer> known) {
        int state = now;
        int waiting = 0;
        int open = 0;
        for (int i = 0; i < left.length; i++) {
            state = state * 8 + left[i];
            open += left[i] > 0 ? 1 : 0;
            waiting += left[i] > 0 && arrivals[i] <= now ? 1 : 0;
        }
        if (open == 0 || known.containsKey(state)) {
            return open == 0 ? 0 : known.get(state);
        }
        int best = waiting > 0
                ? Integer.MAX_VALUE
                : search(arrivals, left, now + 1, known);
        for (int i = 0; i < left.length; i++) {
            if (left[i] > 0 && arrivals[i] <= now) {
                left[i]--;
                best = Math.min(best, waiting + search(arrivals, left, now + 1, known));
                left[i]++;
            }
        }
        known.put(state, best);
        return best;
    }

    private static int ours(int[] arrivals, int[] rest, SchedulerOptions options) {
        var scheduler = new Scheduler(options);
        var jobs = new Job[rest.length];
        var chosen = new Job[1];
        int flow = 0;
        int open = rest.length;
        for (int now = 0; open > 0; now++) {
            for (int i = 0; i < rest.length; i++) {
                if (arrivals[i] == now) {
                    jobs[i] = operation(scheduler, i, now, 1);
                }
            }
            if (scheduler.choose(now, chosen) == 0) {
                continue;
            }
            scheduler.served(chosen[0], 0, UNIT);
            int job = Integer.parseInt(chosen[0].hints().program());
            boolean test = chosen[0].hints().expectedTool().equals("1");
            if (chosen[0].decoded() < Integer.parseInt(chosen[0].hints().expectedTool()) * UNIT
                    && !test) {
                continue;
            }
            scheduler.finish(chosen[0]);
            if (jobs[job] == chosen[0] && rest[job] > 0) {
                jobs[job] = null;
                operation(scheduler, job, now, rest[job]);
            } else {
                flow += now + 1 - arrivals[job];
                open--;
            }
        }
        return flow;
    }

    private static Job operation(Scheduler scheduler, int program, long now, int units) {
        var job = new Job(JobHints.NONE.withProgram("" + program).withExpectedTool("" + units),
                now);
        scheduler.arrive(job, 0, units * UNIT);
        return job;
    }
}
