package dev.sluice.router;

import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;

/// How a model keeps its experts: all in the fast tier ([ResidentExperts]), all at places of one's
/// choice ([PlacedExperts]), or as many as fit ([ExpertCache]). Where an expert is kept never
/// changes a bit of what it computes. Layers are added while a model is opened, in ascending
/// order; then [#ready] is called once. Engine thread only.
public interface ExpertStore extends AutoCloseable {
    /// What a store must know of a layer beside its weights.
    ///
    /// @param layer    the transformer layer
    /// @param topK     experts that a token keeps
    /// @param maxRows  most rows of a step
    record Layer(int layer, int topK, int maxRows) { }

    /// @param stored  the experts as the model's file has them, in order, not prepared
    ExpertDispatch add(Kernels kernels, Layer layer, ExpertWeights stored);

    /// Every layer has been added.
    default void ready() { }

    /// Stops what runs beside the engine thread. Called before the kernels are closed.
    @Override
    default void close() { }
}
