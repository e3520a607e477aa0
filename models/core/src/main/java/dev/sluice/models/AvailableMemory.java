package dev.sluice.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// How much memory this process may still take.
final class AvailableMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String KEY = "MemAvailable:";

    private AvailableMemory() { }

    /// What Linux calls available: free memory and what the page cache can give back. Elsewhere,
    /// where no such figure is to be had without native code, there is no limit.
    static long bytes() {
        if (!Files.isReadable(MEMINFO)) {
            return Long.MAX_VALUE;
        }
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith(KEY)) {
                    String kilobytes = line.substring(KEY.length()).replace("kB", "").strip();
                    return Long.parseLong(kilobytes) * 1024;
                }
            }
            return Long.MAX_VALUE;
        } catch (IOException | NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }
}
