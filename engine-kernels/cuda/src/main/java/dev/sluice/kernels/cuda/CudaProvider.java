package dev.sluice.kernels.cuda;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.gpu.GpuBackend;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import java.util.List;
import java.util.function.Supplier;

/// Offers the CUDA devices. Loads the driver's library when it is asked for the first time.
public final class CudaProvider implements KernelBackendProvider {
    private final Supplier<DriverLookup> lookup;

    public CudaProvider() {
        this(JCudaLibrary::lookup);
    }

    CudaProvider(Supplier<DriverLookup> lookup) {
        this.lookup = lookup;
    }

    @Override
    public String name() {
        return "cuda";
    }

    /// Never by itself: these kernels have not run on a GPU yet.
    @Override
    public int preference() {
        return -1;
    }

    private DeviceList devices() {
        return DeviceList.read(lookup.get(), PtxFiles.read());
    }

    @Override
    public String unavailableReason() {
        DeviceList list = devices();
        return list.usable() ? "" : list.text();
    }

    @Override
    public String description() {
        return devices().text();
    }

    @Override
    public KernelBackend open(BackendOptions options) {
        DeviceList list = devices();
        if (!list.fault().isEmpty()) {
            throw new BackendUnavailableException("backend cuda: " + list.fault());
        }
        int index = options.deviceIndex();
        if (index >= list.devices().size()) {
            throw new BackendUnavailableException("backend cuda:%d: there are %d devices: %s"
                    .formatted(index, list.devices().size(), list.text()));
        }
        DeviceDescription device = list.devices().get(index);
        if (!device.fault().isEmpty()) {
            throw new BackendUnavailableException("backend cuda:%d is unavailable: %s"
                    .formatted(index, device.text()));
        }
        try {
            return new GpuBackend(new CudaDevice(lookup.get().driver().orElseThrow(), device,
                    options.memoryBytesMax(), PtxFiles.read(), List.of()));
        } catch (DeviceException e) {
            throw new BackendUnavailableException("backend cuda:%d, %s: %s".formatted(index,
                    device.name(), e.getMessage()));
        }
    }
}
