package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.Launch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The kernels of one context, each unit loaded when one of its kernels is first used: the driver
/// compiles it for the device then, or has it in its own cache. Engine thread only.
final class Modules {
    private static final DType[] ENCODINGS = DType.values();

    private final CudaDriver driver;
    private final PtxFiles ptx;
    private final Map<String, CudaDriver.Module> modules = new HashMap<>();
    private final CudaDriver.Function[] shared =
            new CudaDriver.Function[GpuKernel.values().length * ENCODINGS.length];
    private final List<List<FastKernel>> fast = new ArrayList<>();
    private final Map<FastKernel, CudaDriver.Function> fastFunctions = new HashMap<>();

    /// @param fast  what stands in for shared kernels; of several that fit the first is taken
    Modules(CudaDriver driver, PtxFiles ptx, List<FastKernel> fast) {
        this.driver = driver;
        this.ptx = ptx;
        for (GpuKernel _ : GpuKernel.values()) {
            this.fast.add(new ArrayList<>());
        }
        for (FastKernel kernel : fast) {
            this.fast.get(kernel.kernel().ordinal()).add(kernel);
        }
    }

    /// The kernel that runs `launch`; fills `grid` with its groups.
    CudaDriver.Function prepare(Launch launch, CudaDriver.Grid grid) {
        GpuKernel kernel = launch.kernel();
        grid.groupsX = launch.groupsX();
        grid.groupsY = launch.groupsY();
        grid.lanes = kernel.lanes();
        grid.localBytes = 0;
        List<FastKernel> candidates = fast.get(kernel.ordinal());
        for (int i = 0; i < candidates.size(); i++) {
            FastKernel candidate = candidates.get(i);
            if (candidate.fits(launch)) {
                candidate.shape(launch, grid);
                return function(candidate);
            }
        }
        return function(kernel, launch.encoding());
    }

    private CudaDriver.Function function(GpuKernel kernel, DType encoding) {
        DType variant = kernel.source().encoded() ? encoding : DType.F32;
        int index = kernel.ordinal() * ENCODINGS.length + variant.ordinal();
        if (shared[index] == null) {
            shared[index] = driver.function(module(PtxFiles.name(kernel.source(), variant)),
                    kernel.symbol());
        }
        return shared[index];
    }

    private CudaDriver.Function function(FastKernel kernel) {
        CudaDriver.Function known = fastFunctions.get(kernel);
        if (known == null) {
            known = driver.function(module(kernel.unit()), kernel.symbol());
            fastFunctions.put(kernel, known);
        }
        return known;
    }

    private CudaDriver.Module module(String unit) {
        CudaDriver.Module known = modules.get(unit);
        if (known == null) {
            known = driver.load(ptx.ptx(unit));
            modules.put(unit, known);
        }
        return known;
    }

    /// Everything that was loaded, for whoever closes.
    Iterable<CudaDriver.Module> loaded() {
        return modules.values();
    }
}
