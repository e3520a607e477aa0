package dev.sluice.router;

import dev.sluice.kernels.Matrix;

/// Sees every routing decision on the engine thread. The matrices live on the device: an observer
/// that counts queues `countExperts`, it does not read.
public interface RoutingObserver {
    /// expertIds [T,K] and expertWeights [T,K] of transformer layer `layer`
    void onRouting(int layer, Matrix expertIds, Matrix expertWeights);

    /// Watches nothing.
    static RoutingObserver none() {
        return (_, _, _) -> { };
    }
}
