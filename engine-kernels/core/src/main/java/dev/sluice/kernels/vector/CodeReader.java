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
            case Q5_0 -> {
                half(file, from, packed, to);
                nibbleHalves(file, from + 6, 0);
                fifthBits(file.get(JAVA_INT_UNALIGNED, from + 2));
            }
            case Q5_1 -> {
                half(file, from, packed, to);
                half(file, from + 2, packed, to + LINE);
                nibbleHalves(file, from + 8, 0);
                fifthBits(file.get(JAVA_INT_UNALIGNED, from + 4));
            }
            case Q5_K -> {
                twoLevelScales(file, from, packed, to);
                nibbleChunks(file, from + 48);
                for (int i = 0; i < 256; i++) {
                    codes[i] |= (byte) ((u8(file, from + 16 + i % 32) >> i / 32 & 1) << 4);
                }
            }
            case Q6_K -> sixBits(file, from, packed, to);
            case Q2_K -> twoBits(file, from, packed, to);
            case Q3_K -> threeBits(file, from, packed, to);
            case IQ4_NL -> {
                half(file, from, packed, to);
                nibbleHalves(file, from + 2, 0);
            }
            case IQ4_XS -> nonlinear(file, from, packed, to);
            case MXFP4 -> {
                // 2^(e - 128) as bfloat16; the two smallest are subnormal.
                int e = u8(file, from);
                packed.set(JAVA_SHORT_UNALIGNED, to, (short) (e < 2 ? 0x20 << e : e - 1 << 7));
                nibbleHalves(file, from + 1, 0);
            }
            case F32, F16, BF16, F8_E4M3, Q8_0, Q4_0 ->
                throw new IllegalStateException(format + " is packed without its codes");
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

    private static int u8(MemorySegment file, long at) {
        return file.get(JAVA_BYTE, at) & 0xFF;
    }

    private void fifthBits(int bits) {
        for (int i = 0; i < 32; i++) {
            codes[i] |= (byte) ((bits >>> i & 1) << 4);
        }
    }

    /// Q6_K: 128 bytes of lower nibbles, 64 of upper pairs, 16 signed scales, d.
    private void sixBits(MemorySegment file, long from, MemorySegment packed, long to) {
        half(file, from + 208, packed, to);
        for (int i = 0; i < 8; i++) {
            word(packed, to + LINE + (long) i * LINE, u8(file, from + 192 + 2 * i),
                    u8(file, from + 193 + 2 * i));
        }
        for (int h = 0; h < 2; h++) {
            for (int l = 0; l < 32; l++) {
                int a = u8(file, from + 64 * h + l);
                int b = u8(file, from + 64 * h + l + 32);
                int upper = u8(file, from + 128 + 32 * h + l);
                int k = 128 * h + l;
                codes[k] = (byte) (a & 15 | (upper & 3) << 4);
                codes[k + 32] = (byte) (b & 15 | (upper >> 2 & 3) << 4);
                codes[k + 64] = (byte) (a >> 4 | (upper >> 4 & 3) << 4);
                codes[k + 96] = (byte) (b >> 4 | upper >> 6 << 4);
            }
        }
    }

    /// Codes of 2 bits: 32 bytes hold 128 columns, 32 of them in each pair of bits.
    private void pairs(MemorySegment file, long from) {
        for (int i = 0; i < 256; i++) {
            codes[i] = (byte) (u8(file, from + 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3);
        }
    }

    private void twoBits(MemorySegment file, long from, MemorySegment packed, long to) {
        half(file, from + 80, packed, to);
        half(file, from + 82, packed, to + LINE);
        for (int i = 0; i < 8; i++) {
            word(packed, to + 2 * LINE + (long) i * LINE, u8(file, from + 2 * i),
                    u8(file, from + 2 * i + 1));
        }
        pairs(file, from + 16);
    }

    private void threeBits(MemorySegment file, long from, MemorySegment packed, long to) {
        half(file, from + 108, packed, to);
        for (int i = 0; i < 8; i++) {
            word(packed, to + LINE + (long) i * LINE, scale6(file, from, 2 * i),
                    scale6(file, from, 2 * i + 1));
        }
        pairs(file, from + 32);
        for (int i = 0; i < 256; i++) {
            codes[i] |= (byte) ((u8(file, from + i % 32) >> i / 32 & 1) << 2);
        }
    }

    /// Scale of block g of Q3_K: 4 bits in 8 bytes, 2 upper bits in 4 more, less 32.
    private static int scale6(MemorySegment file, long from, int g) {
        int low = u8(file, from + 96 + g % 8) >> (g < 8 ? 0 : 4) & 15;
        int high = u8(file, from + 104 + g % 4) >> 2 * (g / 4) & 3;
        return (low | high << 4) - 32;
    }

    private void nonlinear(MemorySegment file, long from, MemorySegment packed, long to) {
        half(file, from, packed, to);
        int high = file.get(JAVA_SHORT_UNALIGNED, from + 2) & 0xFFFF;
        for (int j = 0; j < 8; j += 2) {
            int low = u8(file, from + 4 + j / 2);
            word(packed, to + LINE + (long) (j / 2) * LINE,
                    (low & 15 | (high >> 2 * j & 3) << 4) - 32,
                    (low >> 4 | (high >> 2 * j + 2 & 3) << 4) - 32);
        }
        for (int j = 0; j < 8; j++) {
            nibbleHalves(file, from + 8 + 16 * j, 32 * j);
        }
    }
}
