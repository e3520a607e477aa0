package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;
import dev.sluice.kernels.RouterSpec.Scoring;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: a running model's bias moves towards balance, never further than its limits, and weights
/// never hear of it. Method: a skewed sigmoid gate routed by the kernels themselves; the share of
/// changed selections and the weights are recounted from the logits.
class OnlineBalancingTest {
    private static final int EXPERTS = 32;
    private static final int TOP_K = 4;
    private static final RouterSpec SPEC =
            RouterSpec.of(EXPERTS, TOP_K, Scoring.SIGMOID, true, 2.5f);

    @ParameterizedTest
    @EnumSource(StepRule.class)
    void staysWithinItsLimits(StepRule rule) {
        var limits = new OnlineBalancing.Limits(0.02, 0.01, 256, 1024);
        var online = new OnlineBalancing(limits, BiasController.Settings.of(rule));
        var stored = new float[EXPERTS];
        for (int e = 0; e < EXPERTS; e++) {
            stored[e] = 0.01f * (e % 5);
        }
        var gate = new SkewedGate(EXPERTS, 2);
        try (var steps = new RoutedSteps("reference", SPEC, online, stored, 3)) {
            double most = 0;
            double drift = 0;
            for (int n = 0; n < 30; n++) {
                float[] logits = gate.logits(256);
                float[] judged = bias(steps);
                steps.step(256, new float[][] {logits});
                assertEquals(share(steps, logits, judged, stored),
                        online.report().changedShareLast(), 1e-12, "step " + n);
                // The bias that was put in force is judged by this step and the three before.
                double share = share(steps, logits, bias(steps), stored);
                // One batch has 1,024 selections, so 10 or 3 more.
                assertTrue(share <= 0.015, "step " + n + " changes " + share);
                most = Math.max(most, share);
                for (int e = 0; e < EXPERTS; e++) {
                    drift = Math.max(drift, Math.abs(bias(steps)[e] - stored[e]));
                }
                assertTrue(drift <= 0.02 + 1e-7, "drift " + drift);
            }
            assertTrue(most > 0.002, "nothing was changed: " + most);
            OnlineBalancing.Report report = online.report();
            assertEquals(30, report.updates());
            assertTrue(report.changedShare() <= 0.01, "new rows: " + report);
            assertTrue(report.changedShareMost() <= 0.015, "new rows of a batch: " + report);
            assertTrue(report.describe().contains("30 updates")
                    && report.describe().contains("of at most 0.0200")
                    && report.describe().contains("limit 1.00 %"), report.describe());
        }
    }

    /// Without limits that matter it balances, on either backend, as the simulation does.
    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void balancesWhenItMay(String backend) {
        var limits = new OnlineBalancing.Limits(1, 1, 256, 256);
        var online = new OnlineBalancing(limits,
                BiasController.Settings.of(StepRule.INVERSE_SQRT));
        var statistics = new ExpertStatistics();
        var gate = new SkewedGate(EXPERTS, 2);
        var late = new long[EXPERTS];
        try (var steps = new RoutedSteps(backend, SPEC, RoutingObserver.both(online, statistics),
                new float[0], 0)) {
            for (int n = 0; n < 60; n++) {
                float[] logits = gate.logits(256);
                steps.step(256, new float[][] {logits});
                requireUnbiasedWeights(steps, logits);
                for (int expert : steps.chosen.getLast()[0]) {
                    late[expert] += n >= 40 ? 1 : 0;
                }
            }
        }
        double early = statistics.snapshot().layers().getFirst().violation();
        assertTrue(LoadMeasures.maxViolation(late) < 0.25,
                "MaxVio %.3f, over all %.3f".formatted(LoadMeasures.maxViolation(late), early));
    }

    /// Bit for bit the weights that an unbiased gate gives to the same experts: sigmoids of the
    /// chosen over their sum, times the scale.
    private static void requireUnbiasedWeights(RoutedSteps steps, float[] logits) {
        int[] ids = steps.chosen.getLast()[0];
        var want = new float[ids.length];
        for (int row = 0; row < ids.length / TOP_K; row++) {
            double sum = 0;
            for (int i = row * TOP_K; i < (row + 1) * TOP_K; i++) {
                sum += score(logits[row * EXPERTS + ids[i]]);
            }
            for (int i = row * TOP_K; i < (row + 1) * TOP_K; i++) {
                want[i] = (float) (score(logits[row * EXPERTS + ids[i]]) / (sum + 1e-20) * 2.5f);
            }
        }
        assertArrayEquals(want, steps.chosenWeights.getLast()[0], 0);
    }

    private static double score(float logit) {
        return 1 / (1 + StrictMath.exp(-logit));
    }

    /// A step of one row between two updates is counted, and nothing changes before the update.
    @Test
    void changesOnlyWhenEnoughWasSeen() {
        var online = new OnlineBalancing(new OnlineBalancing.Limits(1, 1, 10, 4),
                BiasController.Settings.of(StepRule.SIGN));
        var gate = new SkewedGate(EXPERTS, 2);
        try (var steps = new RoutedSteps("reference", SPEC, online, new float[0], 0)) {
            for (int n = 0; n < 9; n++) {
                steps.step(1, new float[][] {gate.logits(1)});
            }
            assertArrayEquals(new float[EXPERTS], bias(steps));
            assertEquals(0, online.report().updates());
            steps.step(1, new float[][] {gate.logits(1)});
            assertEquals(1, online.report().updates());
            assertTrue(online.report().drift() > 0);
        }
    }

    private static float[] bias(RoutedSteps steps) {
        var bias = new float[EXPERTS];
        steps.kernels().read(steps.bias(0), Matrix.host(bias, 1, EXPERTS));
        return bias;
    }

    /// Share of the selections by `bias` that are not among those by `stored`.
    private static double share(RoutedSteps steps, float[] logits, float[] bias, float[] stored) {
        int rows = logits.length / EXPERTS;
        int[] with = route(steps.kernels(), logits, bias);
        int[] without = route(steps.kernels(), logits, stored);
        int other = 0;
        for (int row = 0; row < rows; row++) {
            int[] usual = Arrays.copyOfRange(without, row * TOP_K, (row + 1) * TOP_K);
            for (int i = row * TOP_K; i < (row + 1) * TOP_K; i++) {
                int expert = with[i];
                other += Arrays.stream(usual).noneMatch(e -> e == expert) ? 1 : 0;
            }
        }
        return (double) other / with.length;
    }

    private static int[] route(Kernels kernels, float[] logits, float[] bias) {
        int rows = logits.length / EXPERTS;
        var ids = new int[rows * TOP_K];
        kernels.routeTopK(SPEC, Matrix.host(logits, rows, EXPERTS), Matrix.host(bias, 1, EXPERTS),
                Matrix.host(ids, rows, TOP_K), kernels.allocate(DType.F32, rows, TOP_K));
        return ids;
    }
}
