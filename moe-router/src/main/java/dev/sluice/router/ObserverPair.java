package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RouterSpec;

/// Two observers as one.
record ObserverPair(RoutingObserver first, RoutingObserver second) implements RoutingObserver {

    @Override
    public Matrix onLayer(Kernels kernels, int layer, RouterSpec spec, Matrix stored) {
        return second.onLayer(kernels, layer, spec, first.onLayer(kernels, layer, spec, stored));
    }

    @Override
    public void onRouting(Kernels kernels, int layer, Matrix logits, Matrix expertIds,
            Matrix expertWeights) {
        first.onRouting(kernels, layer, logits, expertIds, expertWeights);
        second.onRouting(kernels, layer, logits, expertIds, expertWeights);
    }

    @Override
    public void onStepEnd(Kernels kernels) {
        first.onStepEnd(kernels);
        second.onStepEnd(kernels);
    }
}
