package dev.sluice.models.skip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: thresholds take the rows that do the least harm, over all sublayers. Method: small cases
/// by hand, and random harms that rise with the score, where the best choice is known by sorting.
class HarmCurveTest {
    @Test
    void theLessHarmfulSublayerComesFirst() {
        HarmCurve harmless = HarmCurve.of(new float[] {3, 1, 2}, new float[] {3, 1, 2});
        HarmCurve harmful = HarmCurve.of(new float[] {1, 2, 3}, new float[] {10, 20, 30});
        double inf = Double.POSITIVE_INFINITY;
        assertArrayEquals(new double[] {3, -inf},
                HarmCurve.thresholds(List.of(harmless, harmful), 2));
        assertArrayEquals(new double[] {inf, 2},
                HarmCurve.thresholds(List.of(harmless, harmful), 4));
        assertArrayEquals(new double[] {-inf, -inf},
                HarmCurve.thresholds(List.of(harmless, harmful), 0));
    }

    /// A harmful row with a low score makes those before it as dear as their mean with it.
    @Test
    void violatorsArePooled() {
        HarmCurve trap = HarmCurve.of(new float[] {1, 2, 3}, new float[] {0, 100, 1});
        HarmCurve even = HarmCurve.of(new float[] {1, 2}, new float[] {20, 20});
        double inf = Double.POSITIVE_INFINITY;
        assertArrayEquals(new double[] {2, inf}, HarmCurve.thresholds(List.of(trap, even), 3));
    }

    @Test
    void orderedHarmsAreChosenAsBySorting() {
        var random = new SplittableRandom(3);
        var first = new float[200];
        var second = new float[200];
        var all = new float[400];
        for (int i = 0; i < 200; i++) {
            first[i] = random.nextInt(1000) + i / 512f;
            second[i] = 500 + random.nextInt(1000) + i / 512f;
            all[i] = first[i];
            all[200 + i] = second[i];
        }
        java.util.Arrays.sort(all);
        double[] limits = HarmCurve.thresholds(
                List.of(HarmCurve.of(first, first), HarmCurve.of(second, second)), 150);
        int taken = 0;
        for (int i = 0; i < 200; i++) {
            taken += first[i] < limits[0] ? 1 : 0;
            taken += second[i] < limits[1] ? 1 : 0;
            assertTrue(first[i] >= limits[0] || first[i] <= all[149]);
            assertTrue(second[i] >= limits[1] || second[i] <= all[149]);
        }
        assertEquals(150, taken, 1);
    }
}
