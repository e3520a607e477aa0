package dev.sluice.kernels.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// What a CPU backend allocates, within a limit: one shared arena, freed as a whole by [#close].
/// Engine thread only.
final class HostMemory implements AutoCloseable {
    /// Every allocation begins on a cache line, which is also the widest vector.
    private static final long ALIGNMENT = 64;

    /// Larger allocations are cut from mappings of this size, of which only touched pages exist.
    private static final long MAPPING = 256L << 20;
    /// Smaller allocations come from the arena: they would share pages for nothing.
    private static final long MAPPED_MIN = 64L << 10;

    private final Arena arena = Arena.ofShared();
    private final Optional<LinuxPages> pages = LinuxPages.open();
    private MemorySegment mapping = MemorySegment.NULL;
    private long mappingUsed;
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
            MemorySegment memory = pages.isPresent() && size >= MAPPED_MIN
                    ? map(pages.get(), size) : arena.allocate(size, ALIGNMENT);
            bytes += size;
            return memory;
        } catch (OutOfMemoryError e) {
            throw new IllegalStateException(
                    "%s needs %,d bytes, which the system does not give; %,d are in use"
                            .formatted(what, size, bytes), e);
        }
    }

    private MemorySegment map(LinuxPages linux, long size) {
        if (size >= MAPPING / 2) {
            return linux.map(size, arena);
        }
        if (mapping.byteSize() - mappingUsed < size) {
            mapping = linux.map(MAPPING, arena);
            mappingUsed = 0;
        }
        MemorySegment memory = mapping.asSlice(mappingUsed, size);
        mappingUsed += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return memory;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
