package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Anonymous memory from Linux, asked to come in huge pages: `mmap`, `madvise` and `munmap` of the
/// C library. An arena would write zeros over every page on the calling thread; these pages come
/// zeroed when the packing threads first touch them, 512 times fewer faults, and a product that
/// streams through a weight misses the address cache less. Immutable; any thread.
record LinuxPages(MethodHandle mmap, MethodHandle madvise, MethodHandle munmap) {
    static final long HUGE_PAGE = 2L << 20;

    private static final int READ_WRITE = 1 | 2;
    /// Private, anonymous, and no swap reserved for what is never touched.
    private static final int FLAGS = 0x02 | 0x20 | 0x4000;
    private static final int ADVISE_HUGE_PAGES = 14;

    /// The calls, where this is Linux and native access is allowed.
    @SuppressWarnings("restricted") // Calling C is what this class is for.
    static Optional<LinuxPages> open() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.empty();
        }
        try {
            Linker linker = Linker.nativeLinker();
            SymbolLookup libc = linker.defaultLookup();
            return Optional.of(new LinuxPages(
                    linker.downcallHandle(libc.findOrThrow("mmap"), FunctionDescriptor.of(ADDRESS,
                            ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG)),
                    linker.downcallHandle(libc.findOrThrow("madvise"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
                    linker.downcallHandle(libc.findOrThrow("munmap"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG))));
        } catch (IllegalCallerException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    /// Zeroed memory that begins on a huge page and is given back when `arena` closes.
    @SuppressWarnings("restricted")
    MemorySegment map(long bytes, Arena arena) {
        long mapped = bytes + HUGE_PAGE;
        try {
            MemorySegment start = (MemorySegment) mmap.invokeExact(MemorySegment.NULL, mapped,
                    READ_WRITE, FLAGS, -1, 0L);
            if (start.address() == -1) {
                throw new OutOfMemoryError("mmap of %,d bytes".formatted(mapped));
            }
            MemorySegment whole = start.reinterpret(mapped, arena, this::unmap);
            // Advice only: without huge pages the memory is slower and still right.
            int refused = (int) madvise.invokeExact(start, mapped, ADVISE_HUGE_PAGES);
            assert refused == 0 || refused == -1;
            long aligned = -start.address() & HUGE_PAGE - 1;
            return whole.asSlice(aligned, bytes);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("mmap", e);
        }
    }

    private void unmap(MemorySegment mapping) {
        try {
            int failed = (int) munmap.invokeExact(mapping, mapping.byteSize());
            assert failed == 0;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("munmap", e);
        }
    }
}
