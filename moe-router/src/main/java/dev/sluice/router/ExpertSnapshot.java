package dev.sluice.router;

import dev.sluice.kernels.RouterSpec;
import java.util.List;

/// Where tokens went, as of the end of one step. Immutable, any thread.
///
/// @param tokens  rows that were routed; a row passes every layer
/// @param layers  those with experts, ascending; none for a dense model
public record ExpertSnapshot(long tokens, long steps, List<Layer> layers) {

    public ExpertSnapshot {
        layers = List.copyOf(layers);
    }

    /// One layer's experts.
    ///
    /// @param layer               transformer layer
    /// @param counts              tokens of each expert
    /// @param batches             closed batches, see [ExpertStatistics]
    /// @param batchViolationMean  mean MaxVio of the closed batches; 0 without one
    /// @param batchViolationLast  MaxVio of the last closed batch; 0 without one
    public record Layer(int layer, RouterSpec spec, long[] counts, long batches,
            double batchViolationMean, double batchViolationLast) {

        public Layer {
            counts = counts.clone();
        }

        /// A copy.
        @Override
        public long[] counts() { return counts.clone(); }

        public long count(int expert) { return counts[expert]; }

        /// MaxVio over everything counted: the paper's MaxVio_global.
        public double violation() { return LoadMeasures.maxViolation(counts); }

        /// 1 when all experts are visited alike, 0 when one takes all.
        public double evenness() { return LoadMeasures.evenness(counts); }

        /// Experts that no token has visited.
        public int unvisited() {
            int unvisited = 0;
            for (long count : counts) {
                if (count == 0) {
                    unvisited++;
                }
            }
            return unvisited;
        }
    }
}
