package dev.sluice.models.family;

import dev.sluice.kernels.Matrix;

/// Attention or feed-forward: the part of a layer between two norms.
interface Sublayer {
    /// out [T,D] = sublayer(x [T,D]) for the rows of `step`
    void forward(Step step, Matrix x, Matrix out);
}
