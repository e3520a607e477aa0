package dev.sluice.models.file;

import java.lang.management.ManagementFactory;

/// What the calling thread has allocated on the heap, in bytes, since it started.
final class AllocationMeter {
    private AllocationMeter() { }

    static long bytes() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getCurrentThreadAllocatedBytes();
    }
}
