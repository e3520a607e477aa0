package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.WeightLoader;

/// One GPU as the operations see it: memory within a budget, and one queue that runs launches and
/// copies in order. Engine thread only, but for the loaders. A failed call throws
/// [dev.sluice.kernels.DeviceException], and so does every call after it.
///
/// A matrix of the device has a zero-length segment whose address is the base that kernels get
/// with it; only `byteOffset` tells matrices of one base apart.
public interface Device extends AutoCloseable {
    /// The name that `--backend` takes.
    String backendName();

    /// Zeroed, 16 bytes aligned at least, until the device is closed. `what` is for the error that
    /// says that the budget does not suffice.
    Matrix allocate(DType dtype, int rows, int cols, String what);

    /// A room of its own that [#free] gives back, not zeroed.
    Matrix lend(DType dtype, int rows, int cols, String what);

    /// Gives back what [#lend] gave, after the work queued so far.
    void free(Matrix lent);

    /// Whether a base of zero and an absolute address as the offset reach any matrix. Otherwise
    /// a kernel that reads many matrices is launched once for each base.
    boolean addressesMemory();

    /// Groups that keep the device busy; a hint for the shape of a launch, never for arithmetic.
    int busyGroups();

    /// Queues a launch; the arguments are read before it returns.
    void launch(Launch launch);

    /// Queues a copy of `host`, which may be changed as soon as this returns.
    void write(Matrix host, Matrix device);

    /// Waits for the queue, then copies to `host`.
    void read(Matrix device, Matrix host);

    /// Queues a copy between matrices of equal size that do not overlap.
    void copy(Matrix from, Matrix to);

    /// Fills matrices of this device on another thread, see [WeightLoader].
    WeightLoader loader();

    @Override
    void close();
}
