package dev.sluice.kernels.cuda;

import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.Launch;

/// A kernel for this platform alone that stands in for a shared one where it fits. It takes the
/// shared kernel's arguments and writes the same places; its groups may be others. Which kernel
/// runs must follow from the launch alone, so that a replay does what the recording did.
interface FastKernel {
    /// What it stands in for.
    GpuKernel kernel();

    /// Whether it takes this launch: by encoding, and by the arguments that are shapes.
    boolean fits(Launch launch);

    /// Its unit among the [PtxFiles].
    String unit();

    /// Its C name.
    String symbol();

    /// Fills `grid`, which holds the shared kernel's shape.
    void shape(Launch launch, CudaDriver.Grid grid);
}
