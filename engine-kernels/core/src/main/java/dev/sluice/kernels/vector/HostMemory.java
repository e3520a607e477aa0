package dev.sluice.kernels.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The memory of one backend: one shared arena and a limit. Freed at [#close]. One thread at a
/// time allocates; any thread reads and writes what it got.
final class HostMemory implements AutoCloseable {
    /// A cache line, which is also the widest vector.
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final long bytesMax;
    private long bytes;

    HostMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// `size` zero bytes at the start of a cache line.
    MemorySegment allocate(long size) {
        if (size > bytesMax - bytes) {
            throw new IllegalStateException(
                    "vector backend: %d bytes more would pass the limit of %d, %d in use"
                            .formatted(size, bytesMax, bytes));
        }
        bytes += size;
        return arena.allocate(size, ALIGNMENT);
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
