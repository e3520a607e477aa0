package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// Rewrites groups of 32 rows of a file's weight into [PackedFormat]. Rows beyond the last and
/// columns that fill a float row up to 32 become zeros. One packer per worker; it keeps scratch.
final class WeightPacker {
    private static final int LINE = 64;
    /// Turns eight signed bytes into the same plus 128.
    private static final long SIGNS = 0x8080808080808080L;

    /// Codes of one row and unit.
    private final byte[] codes = new byte[256];
    private final CodeReader reader = new CodeReader(codes);

    /// Packs rows `32 * group` to `32 * group + 31` to byte `to` of `packed`, which is zeroed. Goes
    /// step by step through the columns, so that the lines of a step stay in the first-level cache
    /// while 32 rows write their words into them.
    void pack(Matrix weight, int group, MemorySegment packed, long to) {
        PackedFormat format = PackedFormat.of(weight.dtype());
        int first = group * PackedFormat.GROUP_ROWS;
        int rows = Math.min(PackedFormat.GROUP_ROWS, weight.rows() - first);
        long rowBytes = weight.dtype().rowBytes(weight.cols());
        long from = weight.byteOffset() + first * rowBytes;
        for (int k = 0; k < weight.cols(); k += PackedFormat.STEP_COLUMNS) {
            int width = Math.min(PackedFormat.STEP_COLUMNS, weight.cols() - k);
            long stepFrom = from + weight.dtype().rowBytes(k);
            long stepTo = to + (long) (k / format.unitColumns) * format.unitBytes();
            if (format == PackedFormat.Q8_0 || format == PackedFormat.Q4_0) {
                packPairs(format, weight.memory(), stepFrom, rowBytes, rows,
                        packed.asSlice(stepTo, (long) width / 32 * format.unitBytes()));
            } else {
                for (int row = 0; row < rows; row++) {
                    packRow(format, weight.memory(), stepFrom + row * rowBytes, width, packed,
                            stepTo, row);
                }
            }
        }
    }

    private void packRow(PackedFormat format, MemorySegment file, long from, int cols,
            MemorySegment packed, long to, int row) {
        // Row j and row j + 16 share an integer; see PackedFormat.
        long lane = to + (row < 16 ? 4L * row : 4L * (row - 16) + 2);
        switch (format.codes) {
            case FLOAT32 -> floats(file, from, cols, packed, to + 4L * row);
            case FLOAT16 -> halves(file, from, cols, packed, lane, true);
            case BFLOAT16 -> halves(file, from, cols, packed, lane, false);
            case FLOAT8 -> float8(file, from, cols / 128, packed, to, row);
            case BYTE, NIBBLE, NIBBLE_1, NIBBLE_2, PAIR, PAIR_1, TABLE, TABLE_SMALL ->
                units(format, file, from, cols, packed, lane);
        }
    }

    /// Q8_0 and Q4_0, the formats that matter most: rows j and j + 16 at once, as integers.
    private static void packPairs(PackedFormat format, MemorySegment file, long from,
            long rowBytes, int rows, MemorySegment packed) {
        int blocks = (int) (packed.byteSize() / format.unitBytes());
        for (int row = 0; row < Math.min(rows, 16); row++) {
            long low = from + row * rowBytes;
            // A group of less than 17 rows has no upper half; its lower half stands in, and the
            // outputs of rows that do not exist are never read.
            long high = row + 16 < rows ? low + 16 * rowBytes : low;
            if (format == PackedFormat.Q8_0) {
                q8(file, low, high, blocks, packed, 4L * row);
            } else {
                q4(file, low, high, blocks, packed, 4L * row);
            }
        }
    }

    private static void floats(MemorySegment file, long from, int cols, MemorySegment packed,
            long to) {
        for (int k = 0; k < cols; k++) {
            packed.set(JAVA_FLOAT_UNALIGNED, to + 128L * k,
                    file.get(JAVA_FLOAT_UNALIGNED, from + 4L * k));
        }
    }

    private static void halves(MemorySegment file, long from, int cols, MemorySegment packed,
            long to, boolean finite) {
        for (int k = 0; k < cols; k++) {
            short bits = file.get(JAVA_SHORT_UNALIGNED, from + 2L * k);
            packed.set(JAVA_SHORT_UNALIGNED, to + (long) LINE * k, finite ? finite(bits) : bits);
        }
    }

    private static void q8(MemorySegment file, long low, long high, int blocks,
            MemorySegment packed, long to) {
        for (int b = 0; b < blocks; b++, low += 34, high += 34, to += 17 * LINE) {
            packed.set(JAVA_INT_UNALIGNED, to, scales(file, low, high));
            for (int i = 0; i < 4; i++) {
                long x = file.get(JAVA_LONG_UNALIGNED, low + 2 + 8L * i) ^ SIGNS;
                long y = file.get(JAVA_LONG_UNALIGNED, high + 2 + 8L * i) ^ SIGNS;
                long at = to + LINE + 4L * LINE * i;
                packed.set(JAVA_INT_UNALIGNED, at, (int) (x & 0xFFFF | y << 16));
                packed.set(JAVA_INT_UNALIGNED, at + LINE,
                        (int) (x >>> 16 & 0xFFFF | y & 0xFFFF0000L));
                packed.set(JAVA_INT_UNALIGNED, at + 2 * LINE,
                        (int) (x >>> 32 & 0xFFFF | y >>> 16 & 0xFFFF0000L));
                packed.set(JAVA_INT_UNALIGNED, at + 3 * LINE,
                        (int) (x >>> 48 | y >>> 32 & 0xFFFF0000L));
            }
        }
    }

    private static int scales(MemorySegment file, long low, long high) {
        return finite(file.get(JAVA_SHORT_UNALIGNED, low)) & 0xFFFF
                | finite(file.get(JAVA_SHORT_UNALIGNED, high)) << 16;
    }

    private static void float8(MemorySegment file, long from, int blocks, MemorySegment packed,
            long to, int row) {
        int lane = row < 16 ? 4 * row : 4 * (row - 16) + 2;
        for (int b = 0; b < blocks; b++, from += 132, to += 66 * LINE) {
            packed.set(JAVA_FLOAT_UNALIGNED, to + 4L * row, file.get(JAVA_FLOAT_UNALIGNED, from));
            for (int i = 0; i < 64; i++) {
                short two = file.get(JAVA_SHORT_UNALIGNED, from + 4 + 2L * i);
                if ((two & 0x7F) == 0x7F || (two & 0x7F00) == 0x7F00) {
                    throw new IllegalArgumentException("an E4M3 weight is NaN");
                }
                packed.set(JAVA_SHORT_UNALIGNED, to + 2 * LINE + (long) i * LINE + lane, two);
            }
        }
    }

    /// A byte of Q4_0 holds columns j and j + 16: compressing the lower nibbles of 4 bytes gives
    /// the word of 4 columns, the upper nibbles that of 16 columns later.
    private static void q4(MemorySegment file, long low, long high, int blocks,
            MemorySegment packed, long to) {
        for (int b = 0; b < blocks; b++, low += 18, high += 18, to += 9 * LINE) {
            packed.set(JAVA_INT_UNALIGNED, to, scales(file, low, high));
            for (int i = 0; i < 4; i++) {
                int x = file.get(JAVA_INT_UNALIGNED, low + 2 + 4L * i);
                int y = file.get(JAVA_INT_UNALIGNED, high + 2 + 4L * i);
                long at = to + LINE + (long) LINE * i;
                packed.set(JAVA_INT_UNALIGNED, at, Integer.compress(x, 0x0F0F0F0F)
                        | Integer.compress(y, 0x0F0F0F0F) << 16);
                packed.set(JAVA_INT_UNALIGNED, at + 4 * LINE, Integer.compress(x, 0xF0F0F0F0)
                        | Integer.compress(y, 0xF0F0F0F0) << 16);
            }
        }
    }

    /// Any quantised format: codes one by one, then words.
    private void units(PackedFormat format, MemorySegment file, long from, int cols,
            MemorySegment packed, long lane) {
        int units = cols / format.unitColumns;
        int fileBytes = format.dtype.blockBytes();
        for (int u = 0; u < units; u++) {
            long to = lane + (long) u * format.unitBytes();
            reader.read(format, file, from + (long) u * fileBytes, packed, to);
            long at = to + format.scaleBytes;
            for (int k = 0; k < format.unitColumns; k += 32) {
                words(format, k, packed, at + (long) (k / 32) * format.codeBytes);
            }
            at += (long) (format.unitColumns / 32) * format.codeBytes;
            for (int k = 0; k < format.unitColumns; k += 32) {
                upperWords(format, k, packed, at + (long) (k / 32) * format.upperBytes);
            }
        }
    }

    private void words(PackedFormat format, int k, MemorySegment packed, long to) {
        switch (format.codes) {
            case NIBBLE, NIBBLE_1, NIBBLE_2, TABLE, TABLE_SMALL -> put(k, 4, 0, packed, to);
            case PAIR, PAIR_1 -> put(k, 2, 0, packed, to);
            case FLOAT32, FLOAT16, BFLOAT16, FLOAT8, BYTE ->
                throw new IllegalStateException(format + " is packed without its codes");
        }
    }

    private void upperWords(PackedFormat format, int k, MemorySegment packed, long to) {
        switch (format.codes) {
            case NIBBLE_1 -> put(k, 1, 4, packed, to);
            case NIBBLE_2 -> put(k, 2, 4, packed, to);
            case PAIR_1 -> put(k, 1, 2, packed, to);
            case BYTE, FLOAT8, NIBBLE, TABLE, TABLE_SMALL, PAIR, FLOAT32, FLOAT16, BFLOAT16 -> { }
        }
    }

    /// Words of `bits` bits of 32 codes from `k` on, taken from bit `shift`, one a line.
    private void put(int k, int bits, int shift, MemorySegment packed, long to) {
        int perWord = 16 / bits;
        int mask = (1 << bits) - 1;
        for (int i = 0; i < 32; i += perWord) {
            int word = 0;
            for (int j = 0; j < perWord; j++) {
                word |= (codes[k + i + j] >> shift & mask) << j * bits;
            }
            packed.set(JAVA_SHORT_UNALIGNED, to + (long) (i / perWord) * LINE, (short) word);
        }
    }

    /// A float16 that is a number, or an error: the kernels decode no infinities.
    static short finite(short half) {
        if ((half & 0x7C00) == 0x7C00) {
            throw new IllegalArgumentException(
                    "a weight or its scale is infinite or NaN (float16 bits %04x)"
                            .formatted(half & 0xFFFF));
        }
        return half;
    }
}
