package dev.sluice.kernels.opencl;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.gpu.GpuBackend;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import java.nio.file.Path;
import java.util.List;

/// Offers the OpenCL devices. Loads the library when it is asked for the first time.
public final class OpenClProvider implements KernelBackendProvider {
    /// Names the folder of compiled kernels; a test gives its own.
    static final String CACHE_PROPERTY = "sluice.cache";

    @Override
    public String name() {
        return "opencl";
    }

    /// Never by itself: on a CPU the vector backend is faster, and no GPU has been measured.
    @Override
    public int preference() {
        return -1;
    }

    @Override
    public String unavailableReason() {
        DeviceList list = DeviceList.read();
        if (list.devices().isEmpty()) {
            return list.fault();
        }
        return list.devices().getFirst().usable() ? "" : numbered(list.devices());
    }

    @Override
    public String description() {
        DeviceList list = DeviceList.read();
        return list.devices().isEmpty() ? list.fault() : numbered(list.devices());
    }

    private static String numbered(List<DeviceDescription> devices) {
        var text = new StringBuilder();
        for (int i = 0; i < devices.size(); i++) {
            text.append(i == 0 ? "" : " | ").append("opencl:").append(i).append(' ')
                    .append(devices.get(i).text());
        }
        return text.toString();
    }

    @Override
    public KernelBackend open(BackendOptions options) {
        DeviceList list = DeviceList.read();
        if (list.devices().isEmpty()) {
            throw new BackendUnavailableException("backend opencl: " + list.fault());
        }
        if (options.deviceIndex() >= list.devices().size()) {
            throw new BackendUnavailableException("backend opencl:%d: there are %d devices: %s"
                    .formatted(options.deviceIndex(), list.devices().size(),
                            numbered(list.devices())));
        }
        DeviceDescription device = list.devices().get(options.deviceIndex());
        if (!device.usable()) {
            throw new BackendUnavailableException("backend opencl:%d is unavailable: %s"
                    .formatted(options.deviceIndex(), device.text()));
        }
        return new GpuBackend(new OpenClDevice(device, options.memoryBytesMax(),
                new ProgramCache(cacheFolder())));
    }

    static Path cacheFolder() {
        String folder = System.getProperty(CACHE_PROPERTY, "");
        return folder.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache", "sluice")
                : Path.of(folder);
    }
}
