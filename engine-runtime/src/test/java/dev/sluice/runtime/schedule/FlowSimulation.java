package dev.sluice.runtime.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/// One machine and a step clock: what each program of a [FlowTrace] waits for its last operation.
final class FlowSimulation {
    private final FlowTrace trace;
    private final int programs;
    private final int[] operation;
    private final int[] left;
    private final double[] flow;
    private long now;
    private int arrived;

    FlowSimulation(FlowTrace trace) {
        this.trace = trace;
        programs = trace.arrivals().length;
        operation = new int[programs];
        left = new int[programs];
        flow = new double[programs];
    }

    /// First come, first served.
    static double[] fcfs(FlowTrace trace) {
        var simulation = new FlowSimulation(trace);
        return simulation.runSorted(program -> program);
    }

    /// Shortest remaining processing time over whole programs, lengths known: nothing does better.
    static double[] clairvoyant(FlowTrace trace) {
        var simulation = new FlowSimulation(trace);
        return simulation.runSorted(simulation::remaining);
    }

    private int remaining(int program) {
        int sum = left[program];
        int[] lengths = trace.lengths()[program];
        for (int k = operation[program] + 1; k < lengths.length; k++) {
            sum += lengths[k];
        }
        return sum;
    }

    private double[] runSorted(ToIntFunction<Integer> key) {
        List<Integer> alive = new ArrayList<>();
        while (arrived < programs || !alive.isEmpty()) {
            while (arrived < programs && trace.arrivals()[arrived] <= now) {
                left[arrived] = trace.lengths()[arrived][0];
                alive.add(arrived++);
            }
            if (alive.isEmpty()) {
                now = trace.arrivals()[arrived];
                continue;
            }
            int best = alive.getFirst();
            for (int program : alive) {
                best = key.applyAsInt(program) < key.applyAsInt(best) ? program : best;
            }
            serve(best);
            if (left[best] == 0 && !next(best)) {
                alive.remove((Integer) best);
            }
        }
        return flow;
    }

    private int serve(int program) {
        int work = Math.min(FlowTrace.QUANTUM, left[program]);
        left[program] -= work;
        now += work;
        return work;
    }

    /// Whether the program has another operation; if not, it is done.
    private boolean next(int program) {
        if (++operation[program] < trace.lengths()[program].length) {
            left[program] = trace.lengths()[program][operation[program]];
            return true;
        }
        flow[program] = now - trace.arrivals()[program];
        return false;
    }

    /// The real scheduler with one slot. Estimates are wrong by `sigma`; a negative one means
    /// that none are given, and the scheduler's own are used.
    double[] run(Scheduler scheduler, double sigma) {
        var jobs = new Job[programs];
        var chosen = new Job[1];
        while (arrived < programs || scheduler.size() > 0) {
            while (arrived < programs && trace.arrivals()[arrived] <= now) {
                left[arrived] = trace.lengths()[arrived][0];
                jobs[arrived] = submit(scheduler, arrived, sigma);
                arrived++;
            }
            if (scheduler.choose(now, chosen) == 0) {
                now = trace.arrivals()[arrived];
                continue;
            }
            int program = Integer.parseInt(chosen[0].hints().program());
            scheduler.served(chosen[0], 0, serve(program));
            if (left[program] == 0) {
                scheduler.finish(chosen[0]);
                if (next(program)) {
                    jobs[program] = submit(scheduler, program, sigma);
                }
            }
        }
        return flow;
    }

    private Job submit(Scheduler scheduler, int program, double sigma) {
        JobHints hints = JobHints.NONE.withProgram("" + program);
        var job = new Job(hints, trace.arrivals()[program]);
        double error = trace.errors()[program][operation[program]];
        int estimate = sigma >= 0
                ? (int) Math.max(1, Math.round(left[program] * Math.exp(sigma * error)))
                : scheduler.decodeEstimate(hints, Integer.MAX_VALUE);
        scheduler.arrive(job, 0, estimate);
        return job;
    }

    static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /// Between the two nearest ranks, as NumPy does.
    static double percentile(double[] values, double part) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double rank = part * (sorted.length - 1);
        int low = (int) rank;
        int high = Math.min(low + 1, sorted.length - 1);
        return sorted[low] + (rank - low) * (sorted[high] - sorted[low]);
    }

    static double worst(double[] values) {
        double worst = 0;
        for (double value : values) {
            worst = Math.max(worst, value);
        }
        return worst;
    }
}
