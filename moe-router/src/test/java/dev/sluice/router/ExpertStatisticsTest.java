package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: the statistics are what a slow recount of every choice says, whether the host reads the
/// ids of each step or a device counts. Method: steps of random sizes through three layers, of
/// which the second is not the first's neighbour in the model.
class ExpertStatisticsTest {
    private static final int EXPERTS = 10;
    private static final int TOP_K = 3;
    private static final int[] LAYERS = {1, 2, 5};
    private static final RouterSpec SPEC =
            RouterSpec.of(EXPERTS, TOP_K, Scoring.SOFTMAX_ALL, true, 1);

    @ParameterizedTest
    @CsvSource({"reference, 1", "reference, 3", "vector, 1", "vector, 4"})
    void countsWhatWasChosen(String backend, int stride) {
        var statistics = new ExpertStatistics(stride);
        try (var steps = new RoutedSteps(backend, SPEC, statistics, new float[0], LAYERS)) {
            run(steps, 40, 200);
            var total = new long[LAYERS.length][EXPERTS];
            var batch = new long[LAYERS.length][EXPERTS];
            var together = new int[LAYERS.length][EXPERTS][EXPERTS];
            var affinity = new int[LAYERS.length - 1][EXPERTS][EXPERTS];
            var violations = new ArrayList<Double>();
            long tokens = 0;
            long batchTokens = 0;
            for (int[][] step : steps.chosen) {
                int rows = step[0].length / TOP_K;
                for (int row = 0; row < rows; row++, tokens++) {
                    for (int l = 0; l < LAYERS.length; l++) {
                        for (int i = 0; i < TOP_K; i++) {
                            int p = step[l][row * TOP_K + i];
                            total[l][p]++;
                            batch[l][p]++;
                            for (int j = 0; tokens % stride == 0 && j < TOP_K; j++) {
                                int q = step[l][row * TOP_K + j];
                                together[l][p][q] += p < q ? 1 : 0;
                                if (l + 1 < LAYERS.length) {
                                    affinity[l][p][step[l + 1][row * TOP_K + j]]++;
                                }
                            }
                        }
                    }
                }
                batchTokens += rows;
                if (batchTokens >= ExpertStatistics.BATCH_TOKENS) {
                    violations.add(LoadMeasures.maxViolation(batch[0]));
                    batchTokens = 0;
                    batch = new long[LAYERS.length][EXPERTS];
                }
            }
            assertTrue(violations.size() > 1, "no batch was closed");
            ExpertSnapshot snapshot = statistics.snapshot();
            assertEquals(tokens, snapshot.tokens());
            assertEquals(40, snapshot.steps());
            for (int l = 0; l < LAYERS.length; l++) {
                ExpertSnapshot.Layer layer = snapshot.layers().get(l);
                assertEquals(LAYERS[l], layer.layer());
                assertArrayEquals(total[l], layer.counts());
                assertEquals(LoadMeasures.maxViolation(total[l]), layer.violation());
                requireSame(together[l], statistics.coActivation(LAYERS[l]));
            }
            ExpertSnapshot.Layer first = snapshot.layers().getFirst();
            assertEquals(violations.size(), first.batches());
            assertEquals(violations.getLast(), first.batchViolationLast());
            assertEquals(violations.stream().mapToDouble(v -> v).average().orElseThrow(),
                    first.batchViolationMean(), 1e-12);
            List<PairCounts> pairs = statistics.affinity().pairs();
            assertEquals(LAYERS.length - 1, pairs.size());
            for (int l = 0; l < pairs.size(); l++) {
                requireSame(affinity[l], pairs.get(l));
            }
        }
    }

    /// Counted by operations on the device and read rarely: the same counts, and pairs of the
    /// first rows of the steps that are read.
    @Test
    void aDeviceCountsTheSame() {
        var statistics = new ExpertStatistics(1, true);
        var direct = new ExpertStatistics(1);
        RoutingObserver both = RoutingObserver.both(statistics, direct);
        try (var steps = new RoutedSteps("reference", SPEC, both, new float[0], LAYERS)) {
            run(steps, ExpertStatistics.DEVICE_STEPS - 1, 100);
            assertEquals(0, statistics.snapshot().layers().getFirst().violation(), "read early");
            run(steps, 1, 40);
            requireSameCounts(direct, statistics);
            run(steps, 5, 40);
            statistics.synchronize(steps.kernels());
            requireSameCounts(direct, statistics);
            assertEquals(1, statistics.snapshot().layers().getFirst().batches());
            int[][] step = steps.chosen.get(ExpertStatistics.DEVICE_STEPS - 1);
            int rows = Math.min(DeviceTally.SAMPLE_ROWS, step[0].length / TOP_K);
            var affinity = new int[EXPERTS][EXPERTS];
            for (int i = 0; i < rows * TOP_K; i++) {
                for (int j = 0; j < TOP_K; j++) {
                    affinity[step[0][i]][step[1][i / TOP_K * TOP_K + j]]++;
                }
            }
            requireSame(affinity, statistics.affinity().pairs().getFirst());
        }
    }

    private static void requireSameCounts(ExpertStatistics want, ExpertStatistics got) {
        for (int l = 0; l < LAYERS.length; l++) {
            assertArrayEquals(want.snapshot().layers().get(l).counts(),
                    got.snapshot().layers().get(l).counts());
        }
    }

    private static void requireSame(int[][] want, PairCounts got) {
        for (int p = 0; p < EXPERTS; p++) {
            for (int q = 0; q < EXPERTS; q++) {
                assertEquals(want[p][q], got.count(p, q), "pair " + p + "," + q);
            }
        }
    }

    /// Steps of 1 to `rowsMax` rows with random logits.
    private static void run(RoutedSteps steps, int count, int rowsMax) {
        var random = new Random(count);
        for (int n = 0; n < count; n++) {
            int rows = 1 + random.nextInt(rowsMax);
            var logits = new float[LAYERS.length][rows * EXPERTS];
            for (float[] layer : logits) {
                for (int i = 0; i < layer.length; i++) {
                    layer[i] = (float) random.nextGaussian() + 0.2f * (i % EXPERTS);
                }
            }
            steps.step(rows, logits);
        }
    }

    @Test
    void anotherThreadSeesWholeSteps() {
        var statistics = new ExpertStatistics(1);
        try (var steps = new RoutedSteps("reference", SPEC, statistics, new float[0], LAYERS)) {
            run(steps, 1, 5);
            ExpertSnapshot before = statistics.latest();
            assertEquals(0, before.steps(), "published before anyone asked");
            assertSame(before, statistics.latest());
            run(steps, 2, 5);
            ExpertSnapshot after = statistics.latest();
            assertNotSame(before, after);
            assertEquals(2, after.steps(), "the first step after asking");
            assertEquals(after.tokens() * TOP_K,
                    Arrays.stream(after.layers().getFirst().counts()).sum());
            run(steps, 1, 5);
            statistics.publish();
            assertEquals(4, statistics.latest().steps());
        }
    }

    /// After a step that broke off between two layers the next one is counted as it should.
    @Test
    void aBrokenStepIsForgotten() {
        var statistics = new ExpertStatistics(1);
        try (var steps = new RoutedSteps("reference", SPEC, statistics, new float[0], LAYERS)) {
            run(steps, 1, 5);
            var ids = dev.sluice.kernels.Matrix.host(new int[] {0, 1, 2}, 1, TOP_K);
            statistics.onRouting(steps.kernels(), 1, ids, ids, ids);
            long before = statistics.affinity().pairs().getFirst().sum();
            run(steps, 1, 1);
            assertEquals(before + TOP_K * TOP_K, statistics.affinity().pairs().getFirst().sum());
        }
    }

    @Test
    void aStepAllocatesNothing() {
        var statistics = new ExpertStatistics();
        try (var steps = new RoutedSteps("reference", SPEC, statistics, new float[0], LAYERS)) {
            run(steps, 1, 1);
            var ids = dev.sluice.kernels.Matrix.host(new int[] {0, 1, 2}, 1, TOP_K);
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int window = 0; window < 200 && least > 0; window++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int n = 0; n < 1000; n++) {
                    for (int layer : LAYERS) {
                        statistics.onRouting(steps.kernels(), layer, ids, ids, ids);
                    }
                    statistics.onStepEnd(steps.kernels());
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertEquals(0, least, "bytes for 1000 steps");
        }
    }

    @Test
    void measuresAreTheirFormulas() {
        assertEquals(0, LoadMeasures.maxViolation(new long[] {5, 5, 5}));
        assertEquals(2, LoadMeasures.maxViolation(new long[] {0, 9, 0}));
        assertEquals(0, LoadMeasures.maxViolation(new long[3]));
        assertEquals(1, LoadMeasures.evenness(new long[] {5, 5, 5}), 1e-12);
        assertEquals(0, LoadMeasures.evenness(new long[] {0, 9, 0}));
        assertEquals(Math.log(2), LoadMeasures.entropy(new long[] {4, 4, 0}), 1e-12);
    }
}
