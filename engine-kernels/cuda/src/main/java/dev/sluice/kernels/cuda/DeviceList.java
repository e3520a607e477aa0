package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Every CUDA device of the machine, or the reason why none is usable.
///
/// @param devices     in the driver's order, which is that of `--backend cuda:N`
/// @param driverText  the driver and its version; empty when there is none
/// @param fault       why no device can be used at all; empty when one may be
record DeviceList(List<DeviceDescription> devices, String driverText, String fault) {
    private static final Path KERNEL_MODULE = Path.of("/proc/driver/nvidia/version");
    private static final Pattern MODULE_VERSION = Pattern.compile("\\b\\d{3,}\\.\\d+(\\.\\d+)?\\b");

    /// Asks the driver.
    static DeviceList read(DriverLookup lookup, PtxFiles ptx) {
        if (lookup.driver().isEmpty()) {
            return new DeviceList(List.of(), "", lookup.fault());
        }
        try {
            return ask(lookup.driver().get(), ptx);
        } catch (DeviceException e) {
            return new DeviceList(List.of(), "", e.getMessage());
        }
    }

    private static DeviceList ask(CudaDriver driver, PtxFiles ptx) {
        int version = driver.version();
        String text = "driver %sfor CUDA %s".formatted(moduleVersion(), cuda(version));
        int count = driver.deviceCount();
        if (count == 0) {
            return new DeviceList(List.of(), text, "there is an NVIDIA " + text
                    + ", and no device");
        }
        var devices = new ArrayList<DeviceDescription>();
        for (int i = 0; i < count; i++) {
            devices.add(driver.describe(i));
        }
        String fault = version >= ptx.cudaVersion() ? ""
                : "the NVIDIA %s is too old, the kernels need CUDA %s (driver %s or newer)"
                        .formatted(text, cuda(ptx.cudaVersion()), ptx.driver());
        return new DeviceList(devices, text, fault);
    }

    /// What the driver packages call their version, where the kernel says it.
    private static String moduleVersion() {
        if (!Files.isReadable(KERNEL_MODULE)) {
            return "";
        }
        try {
            Matcher found = MODULE_VERSION.matcher(Files.readString(KERNEL_MODULE));
            return found.find() ? found.group() + " " : "";
        } catch (IOException _) {
            return "";
        }
    }

    private static String cuda(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /// Whether any device can be used.
    boolean usable() {
        boolean any = false;
        for (DeviceDescription device : devices) {
            any |= device.fault().isEmpty();
        }
        return any && fault.isEmpty();
    }

    /// One entry for each device, behind the fault where there is one.
    String text() {
        var text = new StringBuilder(fault);
        for (DeviceDescription device : devices) {
            text.append(text.isEmpty() ? "" : " | ").append("cuda:").append(device.index())
                    .append(' ').append(device.text());
        }
        return devices.isEmpty() || !fault.isEmpty() ? text.toString()
                : text.append(" | ").append(driverText).toString();
    }
}
