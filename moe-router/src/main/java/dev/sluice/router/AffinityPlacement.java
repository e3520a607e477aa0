package dev.sluice.router;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Puts experts that follow each other for the same token on the same device (ExFlow, arXiv
/// 2401.08383): minimises the sum over neighbouring layers of W[p,q] over all p, q that
/// live on different devices, with at most `capacity` experts of a layer on a device.
///
/// The paper solves an integer program; here each layer in turn is assigned with its neighbours
/// fixed, first greedily, then by exchanging pairs while that helps, until no layer changes, from
/// three starts of which one is the contiguous placement; small models get more starts. A layer is
/// only changed for the better, so the result is never worse than contiguous by the given counts.
/// Pure: the same counts give the same placement.
public final class AffinityPlacement {
    /// More starts gain less than one part in a hundred on large traces with strong affinity.
    private static final int STARTS_MIN = 3;
    /// A handful of experts has few good placements, and a search that starts near one.
    private static final int STARTS_MAX = 64;
    /// Starts times counts: what is done in some tens of milliseconds.
    private static final long SMALL = 2_000_000;
    private static final int ROUNDS = 6;
    /// Counts of a layer are scaled down until their sum is below this: two neighbours fit an int.
    private static final long SUM_MAX = 1 << 29;
    /// Seed of the shuffled starts and of the split: any, but always the same.
    private static final long SEED = 0x51C1CE;
    /// How many standard deviations the gain on unseen counts must be away from none.
    private static final double SIGNIFICANT = 3;

    private AffinityPlacement() { }

    /// Devices [layer][expert] for layers 0 to pairs.size(), of counts from layer i to i + 1.
    ///
    /// Routing without affinity would be placed by its noise, and elsewhere be worse than
    /// contiguous. So the counts are first split at random in two: if a placement of the one half
    /// gains nothing on the other, the answer is contiguous.
    ///
    /// @param capacity  experts of one layer on one device
    public static int[][] solve(List<PairCounts> pairs, int devices, int capacity) {
        int experts = requireSquare(pairs);
        if (devices < 1 || capacity < Math.ceilDiv(experts, devices)) {
            throw new IllegalArgumentException("%d devices with room for %d hold no %d experts"
                    .formatted(devices, capacity, experts));
        }
        var whole = new int[pairs.size()][];
        var seen = new int[pairs.size()][];
        split(pairs, experts, whole, seen);
        int[][] contiguous = contiguous(pairs.size() + 1, experts, devices);
        int starts = Math.clamp(SMALL / ((long) pairs.size() * experts * experts), STARTS_MIN,
                STARTS_MAX);
        int[][] half = best(seen, contiguous, devices, capacity,
                starts == STARTS_MIN ? 1 : starts);
        return gains(whole, seen, contiguous, half)
                ? best(whole, contiguous, devices, capacity, starts) : contiguous;
    }

    /// Whether `placement`, made of the visits that were seen, keeps more of the others local than
    /// contiguous by more than chance.
    private static boolean gains(int[][] whole, int[][] seen, int[][] contiguous,
            int[][] placement) {
        long gain = local(whole, placement) - local(seen, placement)
                - local(whole, contiguous) + local(seen, contiguous);
        long unseen = 0;
        for (int l = 0; l < whole.length; l++) {
            for (int i = 0; i < whole[l].length; i++) {
                unseen += whole[l][i] - seen[l][i];
            }
        }
        return gain > SIGNIFICANT * Math.sqrt(unseen);
    }

    /// Share of visits that change the device from layer to layer under a placement.
    public static double crossing(List<PairCounts> pairs, int[][] placement) {
        double crossing = 0;
        double sum = 0;
        for (int l = 0; l < pairs.size(); l++) {
            PairCounts counts = pairs.get(l);
            for (int p = 0; p < counts.rows(); p++) {
                for (int q = 0; q < counts.cols(); q++) {
                    sum += counts.count(p, q);
                    crossing += placement[l][p] == placement[l + 1][q] ? 0 : counts.count(p, q);
                }
            }
        }
        return sum == 0 ? 0 : crossing / sum;
    }

    /// Layers of the first experts on the first device, and so on.
    public static int[][] contiguous(int layers, int experts, int devices) {
        var placement = new int[layers][experts];
        for (int[] layer : placement) {
            Arrays.setAll(layer, e -> e / Math.ceilDiv(experts, devices));
        }
        return placement;
    }

    private static int requireSquare(List<PairCounts> pairs) {
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("no pairs of layers");
        }
        int experts = pairs.getFirst().rows();
        for (PairCounts counts : pairs) {
            if (counts.rows() != experts || counts.cols() != experts) {
                throw new IllegalArgumentException("pairs [%d,%d] where others have %d experts"
                        .formatted(counts.rows(), counts.cols(), experts));
            }
        }
        return experts;
    }

    /// Each visit is seen or not by a fair coin.
    private static void split(List<PairCounts> pairs, int experts, int[][] whole, int[][] seen) {
        var random = new SplittableRandom(SEED);
        for (int l = 0; l < pairs.size(); l++) {
            PairCounts counts = pairs.get(l);
            int shift = Math.max(0, 64 - Long.numberOfLeadingZeros(counts.sum() / SUM_MAX));
            whole[l] = new int[experts * experts];
            seen[l] = new int[experts * experts];
            for (int i = 0; i < whole[l].length; i++) {
                int count = counts.count(i / experts, i % experts) >>> shift;
                whole[l][i] = count;
                seen[l][i] = count == 0 ? 0 : heads(random, count);
            }
        }
    }

    /// Heads of `count` coins: exact up to 4,096, beyond by the normal distribution, which is
    /// then within a coin or two.
    private static int heads(SplittableRandom random, int count) {
        if (count > 4096) {
            double heads = count / 2.0 + random.nextGaussian() * Math.sqrt(count) / 2;
            return Math.clamp(Math.round(heads), 0, count);
        }
        int heads = 0;
        int left = count;
        for (; left >= 64; left -= 64) {
            heads += Long.bitCount(random.nextLong());
        }
        return left == 0 ? heads : heads + Long.bitCount(random.nextLong() >>> (64 - left));
    }

    private static int[][] best(int[][] counts, int[][] contiguous, int devices, int capacity,
            int starts) {
        int experts = contiguous[0].length;
        int[][] back = transposed(counts, experts);
        int[][] best = contiguous;
        long most = Long.MIN_VALUE;
        for (int start = 0; start < starts; start++) {
            var placement = new int[contiguous.length][];
            for (int l = 0; l < placement.length; l++) {
                placement[l] = contiguous[l].clone();
                if (start > 0) {
                    shuffle(placement[l], new SplittableRandom(SEED + 1000L * start + l));
                }
            }
            var assignment = new LayerAssignment(experts, devices, capacity);
            for (int round = 0; round < ROUNDS && improve(counts, back, placement, assignment);) {
                round++;
            }
            long local = local(counts, placement);
            if (local > most) {
                most = local;
                best = placement;
            }
        }
        return best;
    }

    /// One pass over the layers; whether any was changed.
    private static boolean improve(int[][] counts, int[][] back, int[][] placement,
            LayerAssignment assignment) {
        boolean changed = false;
        for (int l = 0; l < placement.length; l++) {
            assignment.clear();
            if (l > 0) {
                assignment.add(counts[l - 1], placement[l - 1]);
            }
            if (l + 1 < placement.length) {
                assignment.add(back[l], placement[l + 1]);
            }
            changed |= assignment.improve(placement[l]);
        }
        return changed;
    }

    private static int[][] transposed(int[][] counts, int experts) {
        var transposed = new int[counts.length][experts * experts];
        for (int l = 0; l < counts.length; l++) {
            for (int i = 0; i < counts[l].length; i++) {
                transposed[l][i % experts * experts + i / experts] = counts[l][i];
            }
        }
        return transposed;
    }

    private static void shuffle(int[] values, SplittableRandom random) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swap = values[i];
            values[i] = values[j];
            values[j] = swap;
        }
    }

    /// Visits that stay on their device.
    private static long local(int[][] counts, int[][] placement) {
        long local = 0;
        for (int l = 0; l < counts.length; l++) {
            int experts = placement[l].length;
            for (int p = 0; p < experts; p++) {
                for (int q = 0; q < experts; q++) {
                    if (placement[l][p] == placement[l + 1][q]) {
                        local += counts[l][p * experts + q];
                    }
                }
            }
        }
        return local;
    }
}
