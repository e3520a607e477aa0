package dev.sluice.router;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.router.BiasController.Settings;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: copies go where the load is, devices carry nearly the same, groups stay on a node, and
/// nothing is worse than doing nothing. Method: random loads from a skewed distribution, and small
/// cases by hand.
class PlacementTest {

    @Test
    void theBusyExpertGetsTheSpareSlots() {
        ExpertPlacement placement =
                Placement.replicate(new double[] {90, 10, 10, 10}, 6, 1, 1, 2);
        assertEquals(3, placement.copies(0), placement.toString());
        assertEquals(1, placement.copies(3));
        for (int copy = 0; copy < 3; copy++) {
            assertEquals(0, placement.expert(placement.slot(0, copy)));
        }
        // 90 = 30 + 30 + 30: one device gets two thirds and the least, the other one third.
        assertTrue(placement.imbalance(new double[] {90, 10, 10, 10}) <= 70 / 60.0 + 1e-12);
    }

    @Test
    void packsTheLongestFirst() {
        assertEquals("[0, 1, 1, 0]", Arrays.toString(
                Placement.pack(new double[] {4, 3, 2, 1}, 2)));
    }

    @Test
    void neverWorseThanContiguousAndBalancesSkewedLoads() {
        var random = new SplittableRandom(23);
        double plain = 0;
        double planned = 0;
        for (int n = 0; n < 300; n++) {
            double[] loads = loads(64, random);
            ExpertPlacement contiguous = ExpertPlacement.contiguous(64, 8);
            for (int slots = 64; slots <= 96; slots += 16) {
                for (int groups = 1; groups <= 8; groups *= 8) {
                    ExpertPlacement placement = Placement.replicate(loads, slots, groups, 4, 8);
                    assertTrue(placement.imbalance(loads) <= contiguous.imbalance(loads) + 1e-12,
                            "case %d, %d slots".formatted(n, slots));
                    requireRoom(placement, slots / 8);
                    if (slots == 80 && groups == 1) {
                        planned += placement.imbalance(loads) / 300;
                        plain += contiguous.imbalance(loads) / 300;
                    }
                }
            }
        }
        System.out.printf("largest device load over the mean: %.2f contiguous, %.3f with 16 spare "
                + "slots%n", plain, planned);
        assertTrue(planned < 1.1 && plain > 1.5, planned + " against " + plain);
    }

    /// Longest first puts 3, 2 and 2 together; as they stand, both halves carry 6.
    @Test
    void contiguousWinsWhereItIsBetter() {
        double[] loads = {3, 3, 0, 2, 2, 2};
        assertEquals(1, Placement.replicate(loads, 6, 1, 1, 2).imbalance(loads), 1e-12);
    }

    private static void requireRoom(ExpertPlacement placement, int room) {
        var sizes = new int[placement.devices()];
        for (int s = 0; s < placement.slots(); s++) {
            sizes[placement.device(s)]++;
        }
        for (int size : sizes) {
            assertTrue(size <= room, Arrays.toString(sizes));
        }
    }

    /// Popularity as in the gate's simulation: exponentials of a normal.
    private static double[] loads(int experts, SplittableRandom random) {
        var loads = new double[experts];
        Arrays.setAll(loads, _ -> Math.exp(random.nextGaussian()));
        return loads;
    }

    /// Eight groups of two experts on two nodes of two devices.
    @Test
    void aGroupStaysOnItsNode() {
        double[] loads = loads(16, new SplittableRandom(29));
        ExpertPlacement placement = Placement.replicate(loads, 24, 8, 2, 4);
        for (int group = 0; group < 8; group++) {
            int node = placement.device(placement.slot(2 * group, 0)) / 2;
            for (int expert = 2 * group; expert < 2 * group + 2; expert++) {
                for (int copy = 0; copy < placement.copies(expert); copy++) {
                    assertEquals(node, placement.device(placement.slot(expert, copy)) / 2,
                            "group %d, expert %d".formatted(group, expert));
                }
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        double[] loads = {1, 1, 1, 1};
        assertThrows(IllegalArgumentException.class,
                () -> Placement.replicate(loads, 3, 1, 1, 3));
        assertThrows(IllegalArgumentException.class,
                () -> Placement.replicate(loads, 5, 1, 1, 2));
        assertThrows(IllegalArgumentException.class,
                () -> Placement.replicate(new double[] {1, Double.NaN}, 2, 1, 1, 1));
        assertThrows(IllegalArgumentException.class,
                () -> new ExpertPlacement(2, 1, new int[] {0, 0}, new int[] {0, 0}));
    }

    /// Two copies of a hot expert, one of them beside another hot one: served half and half, its
    /// device carries more; with the controller both devices carry the same, and a second run
    /// makes the same choices.
    @Test
    void copiesAreChosenSoThatDevicesCarryTheSame() {
        var placement = new ExpertPlacement(3, 2, new int[] {0, 1, 0, 2}, new int[] {0, 0, 1, 1});
        double[] popularity = {0.5, 0.4, 0.1};
        double plain = violation(placement, popularity, false);
        double balanced = violation(placement, popularity, true);
        assertTrue(plain > 0.25, "served alike " + plain);
        assertTrue(balanced < 0.02, "balanced " + balanced);
        assertEquals(balanced, violation(placement, popularity, true));
    }

    private static double violation(ExpertPlacement placement, double[] popularity,
            boolean balance) {
        var random = new SplittableRandom(31);
        var balancer = new ReplicaBalancer(placement, Settings.of(StepRule.PROPORTIONAL));
        var total = new long[2];
        for (int batch = 0; batch < 400; batch++) {
            var loads = new long[2];
            for (int t = 0; t < 200; t++) {
                double u = random.nextDouble();
                int expert = u < popularity[0] ? 0 : u < popularity[0] + popularity[1] ? 1 : 2;
                int slot = balancer.slot(batch * 200L + t, expert);
                assertEquals(expert, placement.expert(slot), "a copy of another expert");
                loads[placement.device(slot)]++;
            }
            if (balance) {
                balancer.afterBatch(loads);
            }
            if (batch >= 200) {
                total[0] += loads[0];
                total[1] += loads[1];
            }
        }
        return LoadMeasures.maxViolation(total);
    }
}
