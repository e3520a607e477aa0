package dev.sluice.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/// Goal: all shares together touch every line of every run once, and nothing beyond the memory is
/// touched. Line n of run r begins with the byte (n + 1)^2 + r, so that the sum tells which lines
/// were read.
class ReadAheadTest {
    private static final int LINE = 64;

    @Test
    void theSharesReadEveryLineOfEveryRun() {
        int runs = 3;
        int lines = 9;
        long stride = 20 * LINE;
        MemorySegment memory = memory(runs, lines, stride);
        var readAhead = new ReadAhead();
        for (int share = 0; share < runs; share++) {
            readAhead.read(memory, LINE, (long) lines * LINE, stride, runs, share);
        }
        int squares = 1 + 4 + 9 + 16 + 25 + 36 + 49 + 64 + 81;
        assertEquals(runs * squares + lines * (1 + 2), readAhead.sum());
    }

    @Test
    void whatReachesBeyondTheMemoryIsNotRead() {
        MemorySegment memory = memory(2, 4, 8 * LINE);
        var readAhead = new ReadAhead();
        readAhead.read(memory, memory.byteSize() - 2 * LINE, 4 * LINE, 8 * LINE, 2, 0);
        readAhead.read(memory, memory.byteSize() + LINE, 4 * LINE, 8 * LINE, 2, 1);
        assertEquals(0, readAhead.sum());
    }

    /// `runs` runs of `lines` lines from the second line on.
    private static MemorySegment memory(int runs, int lines, long stride) {
        MemorySegment memory = MemorySegment.ofArray(new byte[(int) (LINE + runs * stride)]);
        for (int run = 0; run < runs; run++) {
            for (int n = 0; n < lines; n++) {
                memory.set(ValueLayout.JAVA_BYTE, LINE + run * stride + (long) n * LINE,
                        (byte) ((n + 1) * (n + 1) + run));
            }
        }
        return memory;
    }
}
