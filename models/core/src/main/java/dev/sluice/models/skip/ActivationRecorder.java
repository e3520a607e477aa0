package dev.sluice.models.skip;

import dev.sluice.kernels.Matrix;

/// Sees what goes into each sublayer and what comes out. Engine thread.
public interface ActivationRecorder {

    /// in [T,D] and out [T,D] of one step, host memory, valid during the call only.
    void onRows(int layer, SublayerKind kind, Matrix in, Matrix out);
}
