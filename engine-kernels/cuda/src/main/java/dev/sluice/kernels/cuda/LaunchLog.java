package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.Launch;

/// The launches since the device was last waited for, as far as an error message needs them: the
/// device reports a kernel's fault at some later call. Engine thread only; makes no objects before
/// [#text].
final class LaunchLog {
    private int count;
    private GpuKernel kernel = GpuKernel.GATHER_ROWS;
    private DType encoding = DType.F32;
    private int groupsX;
    private int groupsY;

    void add(Launch launch) {
        count++;
        kernel = launch.kernel();
        encoding = launch.encoding();
        groupsX = launch.groupsX();
        groupsY = launch.groupsY();
    }

    /// The device has finished all of them.
    void clear() {
        count = 0;
    }

    /// Empty when nothing was launched.
    String text() {
        return count == 0 ? "" : ("; %d launches since the last wait, the latest %s %s of %d x %d "
                + "groups (with CUDA_LAUNCH_BLOCKING=1 in the environment each waits)").formatted(
                        count, kernel.symbol(), encoding, groupsX, groupsY);
    }
}
