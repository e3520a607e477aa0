package dev.sluice.kernels.vector;

import dev.sluice.kernels.*;
import java.util.List;

/// STUB
final class VectorProducts {
    VectorProducts(ComputePool pool, HostMemory memory) { }
    Matrix prepare(Matrix weight) { return weight; }
    void matmul(Matrix x, Matrix weight, Matrix out) { throw new UnsupportedOperationException(); }
    void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) { throw new UnsupportedOperationException(); }
    void expertFfn(Matrix x, ExpertWeights experts, Matrix expertIds, Matrix expertWeights, Matrix out) { throw new UnsupportedOperationException(); }
}
