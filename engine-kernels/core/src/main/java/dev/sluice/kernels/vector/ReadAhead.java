package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/// Reads a byte of each line of the weights that a thread multiplies next, while it multiplies
/// others. Without it a product with a few rows of x waits for memory, then computes, then waits:
/// the processor's own prefetchers start again with every 4 KB page. A burst that takes lines of
/// several runs in turn starts one of them in each of their pages at once; see also
/// [CodeDots], which does the same line by line for one row of x. One thread's.
final class ReadAhead {
    private static final int LINE = 64;

    /// Sum of the bytes, kept only so that the reads are not optimised away.
    private long sum;

    long sum() {
        return sum;
    }

    /// Reads share `share` of `runs` equal shares of `runs` runs of `bytes`, the first at `from`,
    /// `stride` bytes apart: all shares together read them whole. Nothing where the memory ends
    /// before.
    void read(MemorySegment memory, long from, long bytes, long stride, int runs, int share) {
        int lines = (int) (bytes / LINE + runs - 1) / runs;
        long first = from + (long) share * lines * LINE;
        if (from < 0 || first + (runs - 1) * stride + (long) lines * LINE > memory.byteSize()) {
            return;
        }
        long read = 0;
        for (int n = 0; n < lines; n++) {
            long at = first + (long) n * LINE;
            for (int run = 0; run < runs; run++) {
                read += memory.get(JAVA_BYTE, at + run * stride);
            }
        }
        sum += read;
    }
}
