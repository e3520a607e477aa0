package dev.sluice.router;

/// How even a distribution of load is. Pure functions.
public final class LoadMeasures {
    private LoadMeasures() { }

    /// MaxVio of arXiv 2408.15664: (largest load - mean load) / mean load. 0 is even;
    /// one expert of E that takes all has E - 1. Without load it is 0.
    ///
    /// Over one batch it has a floor that no bias goes below: with 64 experts, 6 of them for each
    /// token, about 0.17 for 2,048 tokens and 0.5 for 256. The paper's 0.04 is over a data set.
    public static double maxViolation(long[] loads) {
        long sum = 0;
        long most = 0;
        for (long load : loads) {
            sum += load;
            most = Math.max(most, load);
        }
        return sum == 0 ? 0 : (double) most * loads.length / sum - 1;
    }

    /// Entropy of the load's distribution over that of an even one: 1 is even, 0 is one expert for
    /// all. Without load, and of a single expert, it is 1.
    public static double evenness(long[] loads) {
        return loads.length < 2 ? 1 : entropy(loads) / Math.log(loads.length);
    }

    /// Entropy -sum(p ln p) in nats; without load that of an even distribution.
    public static double entropy(long[] loads) {
        double sum = 0;
        for (long load : loads) {
            sum += load;
        }
        if (sum == 0) {
            return Math.log(loads.length);
        }
        double entropy = 0;
        for (long load : loads) {
            if (load > 0) {
                entropy -= load / sum * Math.log(load / sum);
            }
        }
        return entropy;
    }
}
