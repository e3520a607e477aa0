package dev.sluice.benchmarks;

import dev.sluice.runtime.schedule.Job;
import dev.sluice.runtime.schedule.JobHints;
import dev.sluice.runtime.schedule.Scheduler;
import dev.sluice.runtime.schedule.SchedulerOptions;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What scheduling costs in a step: 32 of 1,024 jobs are chosen, alone and with the report of what
/// was served and one job that ends and one that arrives. An eighth of the jobs has a deadline.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SchedulerBenchmark {
    private static final int JOBS = 1024;
    private static final int SLOTS = 32;
    private static final long STEP_NANOS = 20_000_000;

    @Param({"1", "64"})
    public int clients;

    private final Job[] chosen = new Job[SLOTS];
    private final Random random = new Random(1);
    private Scheduler scheduler;
    private long now;

    @Setup(Level.Trial)
    public void open() {
        scheduler = new Scheduler(SchedulerOptions.of(SLOTS));
        for (int i = 0; i < JOBS; i++) {
            arrive(i);
        }
    }

    private void arrive(int number) {
        JobHints hints = JobHints.NONE.withClient("client " + random.nextInt(clients))
                .withLane(random.nextInt(2));
        int tokens = 1 + random.nextInt(1000);
        scheduler.arrive(new Job(number % 8 == 0
                ? hints.withDeadline(now + tokens * 3 * STEP_NANOS)
                : hints, now), random.nextInt(2000), tokens);
    }

    @Benchmark
    public int choose() {
        now += STEP_NANOS;
        return scheduler.choose(now, chosen);
    }

    @Benchmark
    public int step() {
        int count = choose();
        for (int i = 0; i < count; i++) {
            scheduler.served(chosen[i], 0, 1);
        }
        scheduler.finish(chosen[random.nextInt(count)]);
        arrive(random.nextInt());
        return count;
    }
}
