package dev.sluice.runtime.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: programs of calls of unlike and badly known lengths end soon, and none starves. Method:
/// the real [Scheduler] with one slot and a step clock over traces at load 0.9, beside the best
/// possible order (lengths known) and first come, first served; means over five traces.
final class FlowTimeTest {
    private static final List<FlowTrace> TRACES = FlowTrace.all();

    /// Mean over traces of ratios: of the mean flow times, of FCFS's to ours, of p99s, of worsts.
    private record Ratios(double toBest, double fcfsTo, double p99, double worst) { }

    private static Ratios ratios(int firstSeed, double sigma, SchedulerOptions options) {
        double toBest = 0;
        double fcfsTo = 0;
        double p99 = 0;
        double worst = 0;
        for (int seed = firstSeed; seed < firstSeed + 5; seed++) {
            FlowTrace trace = TRACES.get(seed);
            double[] best = FlowSimulation.clairvoyant(trace);
            double[] fcfs = FlowSimulation.fcfs(trace);
            double[] ours = new FlowSimulation(trace).run(new Scheduler(options), sigma);
            double mean = FlowSimulation.mean(ours);
            toBest += mean / FlowSimulation.mean(best) / 5;
            fcfsTo += FlowSimulation.mean(fcfs) / mean / 5;
            p99 += FlowSimulation.percentile(ours, 0.99)
                    / FlowSimulation.percentile(fcfs, 0.99) / 5;
            worst += FlowSimulation.worst(ours) / FlowSimulation.worst(fcfs) / 5;
        }
        var ratios = new Ratios(toBest, fcfsTo, p99, worst);
        System.out.printf("seeds %d.., sigma %.1f: %s%n", firstSeed, sigma, ratios);
        return ratios;
    }

    /// The figures of the simulation in which the traces were first run.
    @Test
    void traces_are_the_known_ones() {
        double toBest = 0;
        for (FlowTrace trace : TRACES.subList(0, 5)) {
            toBest += FlowSimulation.mean(FlowSimulation.fcfs(trace))
                    / FlowSimulation.mean(FlowSimulation.clairvoyant(trace)) / 5;
        }
        assertEquals(4.5925, toBest, 1e-4);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void with_estimates(int firstSeed) {
        Ratios ratios = ratios(firstSeed, 0.5, SchedulerOptions.of(1));
        assertTrue(ratios.toBest <= 1.40, ratios::toString);
        assertTrue(ratios.fcfsTo >= 3, ratios::toString);
        assertTrue(ratios.p99 <= 1.6, ratios::toString);
        assertTrue(ratios.worst <= 4, ratios::toString);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void with_unknown_lengths(int firstSeed) {
        Ratios ratios = ratios(firstSeed, -1, SchedulerOptions.of(1));
        assertTrue(ratios.toBest <= 1.75, ratios::toString);
        assertTrue(ratios.worst <= 4, ratios::toString);
    }

    /// What the share of the oldest is for, and what it costs.
    @Test
    void the_share_of_the_oldest_helps_the_worst() {
        double with = 0;
        double without = 0;
        for (int firstSeed : new int[] {0, 5}) {
            SchedulerOptions options = SchedulerOptions.of(1);
            with += ratios(firstSeed, 0.5, options).worst;
            without += ratios(firstSeed, 0.5, options.withOldestShare(0)).worst;
        }
        assertTrue(with < 0.97 * without, with + ", without " + without);
    }
}
