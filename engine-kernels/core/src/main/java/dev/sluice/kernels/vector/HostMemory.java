package dev.sluice.kernels.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// What a CPU backend allocates, within a limit: one shared arena, freed as a whole by [#close].
/// Engine thread only.
final class HostMemory implements AutoCloseable {
    /// Every allocation begins on a cache line, which is also the widest vector.
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final long bytesMax;
    private long bytes;

    HostMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Bytes allocated so far.
    long bytes() {
        return bytes;
    }

    /// Zeroed memory for `what`, which the error names when the limit would be passed.
    MemorySegment allocate(long size, String what) {
        if (size > bytesMax - bytes) {
            throw new IllegalStateException(
                    "%s needs %,d bytes, but of the limit of %,d bytes only %,d are left"
                            .formatted(what, size, bytesMax, bytesMax - bytes));
        }
        try {
            MemorySegment memory = arena.allocate(size, ALIGNMENT);
            bytes += size;
            return memory;
        } catch (OutOfMemoryError e) {
            throw new IllegalStateException(
                    "%s needs %,d bytes, which the system does not give; %,d are in use"
                            .formatted(what, size, bytes), e);
        }
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
