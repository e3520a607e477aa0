package dev.sluice.models;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Memory of this machine in bytes, as the system counts it now.
///
/// @param totalBytes     installed
/// @param availableBytes free, or used by caches that the system gives up when asked
public record HostMemory(long totalBytes, long availableBytes) {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    public static HostMemory now() {
        if (Files.isReadable(MEMINFO)) {
            try {
                return parse(Files.readString(MEMINFO));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        var system = (com.sun.management.OperatingSystemMXBean)
                java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        return new HostMemory(system.getTotalMemorySize(), system.getFreeMemorySize());
    }

    /// Reads lines such as `MemAvailable:   18950228 kB`.
    public static HostMemory parse(String meminfo) {
        return new HostMemory(field(meminfo, "MemTotal:"), field(meminfo, "MemAvailable:"));
    }

    private static long field(String meminfo, String name) {
        for (String line : meminfo.split("\n")) {
            if (line.startsWith(name)) {
                return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IllegalStateException("/proc/meminfo has no " + name);
    }
}
