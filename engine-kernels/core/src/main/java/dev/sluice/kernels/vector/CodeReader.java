package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// Reads one unit of one row of a file's encoding (`ggml-common.h`): the unsigned codes into
/// `codes`, the scales straight into their lines of the packed unit.
final class CodeReader {
    private static final int LINE = 64;

    private final byte[] codes;

    CodeReader(byte[] codes) {
        this.codes = codes;
    }

    /// Block at byte `from` of `file`; the row's first scale word is at byte `to` of `packed`.
    void read(PackedFormat format, MemorySegment file, long from, MemorySegment packed, long to) {
        switch (format) {
            case Q4_1 -> {
                half(file, from, packed, to);
                half(file, from + 2, packed, to + LINE);
                nibbleHalves(file, from + 4, 0);
            }
            case Q4_K -> {
                twoLevelScales(file, from, packed, to);
                nibbleChunks(file, from + 16);
            }
            case F32, F16, BF16, F8_E4M3, Q8_0, Q4_0, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, Q6_K, IQ4_NL,
                    IQ4_XS, MXFP4 ->
                throw new UnsupportedOperationException(format + " is not packed yet");
        }
    }

    private static void half(MemorySegment file, long from, MemorySegment packed, long to) {
        packed.set(JAVA_SHORT_UNALIGNED, to,
                WeightPacker.finite(file.get(JAVA_SHORT_UNALIGNED, from)));
    }

    /// 16 bytes: byte j holds code `k + j` below and code `k + j + 16` above.
    private void nibbleHalves(MemorySegment file, long from, int k) {
        for (int j = 0; j < 16; j++) {
            int b = file.get(JAVA_BYTE, from + j);
            codes[k + j] = (byte) (b & 15);
            codes[k + j + 16] = (byte) (b >> 4 & 15);
        }
    }

    /// 128 bytes: 32 bytes hold 32 codes below and the next 32 codes above.
    private void nibbleChunks(MemorySegment file, long from) {
        for (int chunk = 0; chunk < 4; chunk++) {
            for (int l = 0; l < 32; l++) {
                int b = file.get(JAVA_BYTE, from + 32 * chunk + l);
                codes[64 * chunk + l] = (byte) (b & 15);
                codes[64 * chunk + 32 + l] = (byte) (b >> 4 & 15);
            }
        }
    }

    /// d, dmin, then 8 pairs of 6-bit scale and minimum in 12 bytes.
    private static void twoLevelScales(MemorySegment file, long from, MemorySegment packed,
            long to) {
        half(file, from, packed, to);
        half(file, from + 2, packed, to + LINE);
        int a = file.get(JAVA_INT_UNALIGNED, from + 4);
        int b = file.get(JAVA_INT_UNALIGNED, from + 8);
        int c = file.get(JAVA_INT_UNALIGNED, from + 12);
        for (int j = 0; j < 4; j++) {
            int scale = a >>> 8 * j & 63;
            int minimum = b >>> 8 * j & 63;
            word(packed, to + 2 * LINE + (long) j * LINE, scale, minimum);
            scale = c >>> 8 * j & 15 | (a >>> 8 * j + 6 & 3) << 4;
            minimum = c >>> 8 * j + 4 & 15 | (b >>> 8 * j + 6 & 3) << 4;
            word(packed, to + 6 * LINE + (long) j * LINE, scale, minimum);
        }
    }

    private static void word(MemorySegment packed, long to, int lower, int upper) {
        packed.set(JAVA_SHORT_UNALIGNED, to, (short) (lower & 0xFF | upper << 8));
    }
}
