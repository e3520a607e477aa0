package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;

/// Sees every routing decision on the engine thread. The matrices live on the device and their
/// contents may be computed later than the call: in [#onRouting] an observer queues operations
/// (`countExperts`, `routeTopK` into matrices of its own), and reads in [#onStepEnd], when the
/// step's logits have been read and nothing is left to wait for.
public interface RoutingObserver {

    /// Called once for every expert layer while a model is opened, in ascending order.
    ///
    /// @param stored  the file's correction bias [1,E], or no rows
    /// @return the correction bias that the layer will select by: `stored`, or a matrix of the
    ///         observer's own, [1,E], which it may write between steps (see [OnlineBalancing])
    default Matrix onLayer(Kernels kernels, int layer, RouterSpec spec, Matrix stored) {
        return stored;
    }

    /// The routing of one step in transformer layer `layer`: logits [T,E], what was selected of
    /// them, expertIds [T,K], and with which expertWeights [T,K]. Valid during the call only.
    void onRouting(Kernels kernels, int layer, Matrix logits, Matrix expertIds,
            Matrix expertWeights);

    /// The step is computed and its logits are read.
    default void onStepEnd(Kernels kernels) { }

    /// Watches nothing.
    static RoutingObserver none() {
        return (_, _, _, _, _) -> { };
    }

    /// Tells `first`, then `second`. Where both have a bias of their own, the second's counts.
    static RoutingObserver both(RoutingObserver first, RoutingObserver second) {
        return new ObserverPair(first, second);
    }
}
