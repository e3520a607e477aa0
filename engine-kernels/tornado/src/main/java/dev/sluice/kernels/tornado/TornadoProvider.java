package dev.sluice.kernels.tornado;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.gpu.GpuBackend;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;

/// Offers the devices of a TornadoVM SDK. Its classes are not shipped: they are there when the
/// launcher was told of an SDK (`TORNADOVM_HOME`) and asked for this backend.
public final class TornadoProvider implements KernelBackendProvider {
    /// Bytes of the device where `--gpu-memory` says nothing. TornadoVM must know the size of an
    /// array when it is made, so that this much is taken whatever the model needs.
    private static final long DEFAULT_BYTES = 1L << 30;

    @Override
    public String name() {
        return "tornado";
    }

    /// Never by itself: it needs a JVM that was started for it.
    @Override
    public int preference() {
        return -1;
    }

    @Override
    public String unavailableReason() {
        return TornadoDevices.read().fault();
    }

    @Override
    public String description() {
        TornadoDevices devices = TornadoDevices.read();
        return devices.fault().isEmpty() ? devices.numbered() : devices.fault();
    }

    @Override
    public KernelBackend open(BackendOptions options) {
        TornadoDevices devices = TornadoDevices.read();
        if (!devices.fault().isEmpty()) {
            throw new BackendUnavailableException("backend tornado: " + devices.fault());
        }
        if (options.deviceIndex() >= devices.list().size()) {
            throw new BackendUnavailableException("backend tornado:%d: there are %d devices: %s"
                    .formatted(options.deviceIndex(), devices.list().size(), devices.numbered()));
        }
        long bytes = options.memoryBytesMax() == Long.MAX_VALUE ? DEFAULT_BYTES
                : options.memoryBytesMax();
        return new GpuBackend(new TaskGraphDevice(
                devices.list().get(options.deviceIndex()), bytes));
    }
}
