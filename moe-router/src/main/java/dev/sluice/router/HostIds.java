package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;

/// A host copy of a step's expert ids [T,K], reused; it grows, and the view changes, only when T
/// does. Engine thread only.
final class HostIds {
    private int[] values = {};
    private Matrix view = Matrix.host(values, 0, 0);

    /// Copies `expertIds` here, after the work queued so far.
    void read(Kernels kernels, Matrix expertIds) {
        if (view.rows() != expertIds.rows() || view.cols() != expertIds.cols()) {
            int needed = expertIds.rows() * expertIds.cols();
            if (values.length < needed) {
                values = new int[needed];
            }
            view = Matrix.host(values, expertIds.rows(), expertIds.cols());
        }
        kernels.read(expertIds, view);
    }

    /// Row-major; elements from rows * cols on mean nothing.
    int[] values() { return values; }

    int rows() { return view.rows(); }

    int count() { return view.rows() * view.cols(); }
}
