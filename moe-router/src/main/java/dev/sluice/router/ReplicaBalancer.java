package dev.sluice.router;

/// Chooses which copy of an expert serves a token ([BalanceMode#REPLICA]), so that devices carry
/// the same. Copies hold the same bits, so the choice changes no output.
///
/// Each copy of the token's expert has a score, a fixed hash of (token, slot) between 0 and 1, and
/// its device has a bias by [BiasController]; the largest sum serves. Without biases copies are
/// served alike; a device that also hosts other busy experts learns to take less of its share.
/// The choice depends on the token's index and on finished batches alone, so a run repeats.
/// One thread.
public final class ReplicaBalancer {
    private final ExpertPlacement placement;
    private final BiasController devices;

    public ReplicaBalancer(ExpertPlacement placement, BiasController.Settings settings) {
        this.placement = placement;
        devices = new BiasController(placement.devices(), settings);
    }

    /// The slot that serves `expert` to the token of that index.
    public int slot(long tokenIndex, int expert) {
        int best = placement.slot(expert, 0);
        double most = score(tokenIndex, best);
        for (int copy = 1; copy < placement.copies(expert); copy++) {
            int slot = placement.slot(expert, copy);
            double score = score(tokenIndex, slot);
            if (score > most) {
                best = slot;
                most = score;
            }
        }
        return best;
    }

    /// Learns from a finished batch: what each device carried.
    public void afterBatch(long[] deviceLoads) {
        devices.afterBatch(deviceLoads);
    }

    public BiasController controller() { return devices; }

    private double score(long tokenIndex, int slot) {
        return hash(tokenIndex, slot) + devices.bias(placement.device(slot));
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014) as a number in [0,1).
    private static double hash(long tokenIndex, int slot) {
        long z = tokenIndex * 0x9E3779B97F4A7C15L + slot * 0xD1B54A32D192ED03L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return ((z ^ (z >>> 31)) >>> 11) * 0x1p-53;
    }
}
