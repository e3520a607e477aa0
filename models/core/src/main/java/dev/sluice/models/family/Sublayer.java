package dev.sluice.models.family;

import dev.sluice.kernels.Matrix;

/// Attention or feed-forward: the part of a layer between two norms.
interface Sublayer {
    /// out [T,D] = sublayer(x [T,D]) for the rows of `step`
    void forward(Step step, Matrix x, Matrix out);

    /// out [C,D] = the same for the rows of `chosen` alone, which has `inputs` [C,D] of the step's
    /// x [T,D]; C may be 0. What a sublayer leaves behind for later steps (keys and values) it
    /// leaves for all rows of x.
    default void forwardChosen(Step step, Matrix x, ChosenRows chosen, Matrix inputs, Matrix out) {
        if (inputs.rows() > 0) {
            forward(step, inputs, out);
        }
    }
}
