package dev.sluice.router;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;

/// What every token passes besides its routed experts.
public interface SharedExpert {
    /// out [T,D] += shared(x [T,D]), weighted by the family's own gate where it has one
    void addTo(Kernels kernels, Matrix x, Matrix out);

    /// For families without one.
    static SharedExpert none() {
        return (_, _, _) -> { };
    }
}
