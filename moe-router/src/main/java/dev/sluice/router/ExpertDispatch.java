package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;

/// One layer's routed experts, wherever they are kept. Engine thread only.
public interface ExpertDispatch {
    /// out [T,D] = sum over k, ascending, of expertWeights[t,k] * ffn(expertIds[t,k], x [T,D])
    void forward(Kernels kernels, Matrix x, Matrix expertIds, Matrix expertWeights, Matrix out);
}
