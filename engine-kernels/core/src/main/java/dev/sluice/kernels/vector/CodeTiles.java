package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.IntVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/// Products of the packed codes of a step with a tile of rows of x: a code is decoded once, in a
/// register, and multiplied with every row of the tile. For the two code shapes that matter most;
/// the others go through a panel, see [PanelProduct].
///
/// **4-bit codes** in 16-bit integers. A block of 32 products of `code - 8` and q is at most
/// 32 * 8 * 127 = 32512, so it fits 16 bits, though the sum of `code * q` on the way does not: it
/// is made modulo 2^16 and starts at -8 times the sum of q. One vector holds all 32 rows of the
/// weight, and a sum costs one multiplication and one addition a column.
///
/// **8-bit codes** in floats. Placed in the fraction of 256 a code reads as `256 + code`, and the
/// sum starts at -(256 + 128) times the sum of q. All partial sums are integers below 2^22, and so
/// exact in any order.
///
/// What follows is [BlockSums]: the same operations, the same roundings. The shape of the code was
/// chosen by measurement, as in [CodeDots]: 405 cycles for 256 columns and 32 rows of a weight and
/// each row of x, where 256 would keep both ports busy. Sums go through an array because C2 keeps
/// them in memory all the time when what follows is in the same method. One straight line for every
/// row of a tile is why this file is long.
final class CodeTiles {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int LINE = 64;
    private static final int VECTOR = I.vectorByteSize();
    private static final IntVector NIBBLES = IntVector.broadcast(I, 0x000F000F);
    /// 256f, and a code of 8 bits where its fraction counts in ones.
    private static final IntVector FLOAT_BITS = IntVector.broadcast(I, 0x43800000);
    private static final IntVector FRACTION = IntVector.broadcast(I, 255 << 15);
    private static final int BYTE_BASE = 256;
    private static final int NIBBLE_ZERO = 8;
    private static final int NIBBLE_ROWS_END = 32;
    private static final int BYTE_ROWS_END = 64;
    /// Whether the registers hold the sums of more than 4 rows of 8-bit codes.
    private static final boolean WIDE = F.length() == 16;

    private CodeTiles() {
    }

    /// Whether so many rows of x multiply codes of this format here. From 32 rows on a panel of
    /// floats, decoded once for all of them, is as fast as 4-bit codes are here. The same holds for
    /// 8-bit codes from 64 rows on, where C2 compiled tiles of 12 rows a third slower in three
    /// processes of four.
    static boolean multiplies(PackedFormat format, int rows) {
        return rows > 1 && (format.codes == PackedFormat.Codes.BYTE && rows < BYTE_ROWS_END
                || format.codes == PackedFormat.Codes.NIBBLE && rows < NIBBLE_ROWS_END);
    }

    /// Rows of the next tile when `left` rows, an even number, are left. 12 rows of 8-bit codes
    /// fill the widest registers; 4 left over are better two tiles of 8 with the 12 before.
    static int tileRows(PackedFormat format, int left) {
        if (format.codes == PackedFormat.Codes.NIBBLE) {
            return left >= 4 ? 4 : 2;
        }
        if (!WIDE || left <= 4) {
            return 4;
        }
        return left == 16 || left < 12 ? 8 : 12;
    }

    /// Rows with the zeros that fill the last tile.
    static int slots(PackedFormat format, int rows) {
        return format.codes == PackedFormat.Codes.NIBBLE ? (rows + 1) / 2 * 2 : (rows + 3) / 4 * 4;
    }

    /// What the sum of a block of 8-bit codes starts from.
    static float start(PackedFormat format, int sum) {
        return -(BYTE_BASE + format.zero) * sum;
    }

    /// What the sum of a block of 4-bit codes starts from, in both halves.
    static int startPair(int sum) {
        int start = -NIBBLE_ZERO * sum;
        return start << 16 | start & 0xFFFF;
    }

    /// Adds the product of the step with the tile's `rows` rows to its outputs.
    static void multiply(PackedStep step, PanelTile tile, int rows) {
        if (step.format.codes == PackedFormat.Codes.NIBBLE) {
            if (rows == 4) {
                nibbles4(step, tile);
            } else {
                nibbles2(step, tile);
            }
            for (int i = 0; i < rows; i += 2) {
                if (step.format.hasMinimum()) {
                    add2WithMinimums(tile, i, rows);
                } else {
                    add2(tile, i, rows);
                }
            }
            return;
        }
        switch (rows) {
            case 12 -> bytes12(step, tile);
            case 8 -> bytes8(step, tile);
            default -> bytes4(step, tile);
        }
        for (int i = 0; i < rows; i += 4) {
            add4(tile, i, rows);
        }
    }

    /// out [2, 32] of rows i.. += sum [2, 32] * (scale [32] * d [2]) for each block; the sums are
    /// of `code - 8`.
    private static void add2(PanelTile tile, int i, int rows) {
        int[] sums = tile.pairSums;
        float[] scales = tile.scales;
        float[] d = tile.d;
        float[] out = tile.out;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            int to = tile.outFrom + i * 32 + r;
            FloatVector l0 = FloatVector.fromArray(F, out, to);
            FloatVector h0 = FloatVector.fromArray(F, out, to + 16);
            FloatVector l1 = FloatVector.fromArray(F, out, to + 32);
            FloatVector h1 = FloatVector.fromArray(F, out, to + 48);
            for (int b = 0; b < blocks; b++) {
                int at = (b * rows + i) * 16 + r;
                int block = tile.dFrom + b * rows + i;
                FloatVector low = FloatVector.fromArray(F, scales, b * 32 + r);
                FloatVector high = FloatVector.fromArray(F, scales, b * 32 + r + 16);
                IntVector v = IntVector.fromArray(I, sums, at);
                FloatVector e = FloatVector.broadcast(F, d[block]);
                l0 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16)
                        .convert(I2F, 0)).fma(low.mul(e), l0);
                h0 = ((FloatVector) v.lanewise(ASHR, 16).convert(I2F, 0))
                        .fma(high.mul(e), h0);
                v = IntVector.fromArray(I, sums, at + 16);
                e = FloatVector.broadcast(F, d[block + 1]);
                l1 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16)
                        .convert(I2F, 0)).fma(low.mul(e), l1);
                h1 = ((FloatVector) v.lanewise(ASHR, 16).convert(I2F, 0))
                        .fma(high.mul(e), h1);
            }
            l0.intoArray(out, to);
            h0.intoArray(out, to + 16);
            l1.intoArray(out, to + 32);
            h1.intoArray(out, to + 48);
        }
    }

    /// The same with sums of codes, and minimum [32] * dsum [2] after each block.
    private static void add2WithMinimums(PanelTile tile, int i, int rows) {
        int[] sums = tile.pairSums;
        int[] start = tile.startPairs;
        float[] scales = tile.scales;
        float[] minimums = tile.minimums;
        float[] d = tile.d;
        float[] dsum = tile.dsum;
        float[] out = tile.out;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            int to = tile.outFrom + i * 32 + r;
            FloatVector l0 = FloatVector.fromArray(F, out, to);
            FloatVector h0 = FloatVector.fromArray(F, out, to + 16);
            FloatVector l1 = FloatVector.fromArray(F, out, to + 32);
            FloatVector h1 = FloatVector.fromArray(F, out, to + 48);
            for (int b = 0; b < blocks; b++) {
                int at = (b * rows + i) * 16 + r;
                int block = tile.dFrom + b * rows + i;
                FloatVector low = FloatVector.fromArray(F, scales, b * 32 + r);
                FloatVector high = FloatVector.fromArray(F, scales, b * 32 + r + 16);
                FloatVector lowMinimum = FloatVector.fromArray(F, minimums, b * 32 + r);
                FloatVector highMinimum = FloatVector.fromArray(F, minimums, b * 32 + r + 16);
                IntVector v = IntVector.fromArray(I, sums, at);
                FloatVector e = FloatVector.broadcast(F, d[block]);
                IntVector left = IntVector.broadcast(I, (short) start[block]);
                l0 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16).sub(left)
                        .convert(I2F, 0)).fma(low.mul(e), l0);
                h0 = ((FloatVector) v.lanewise(ASHR, 16).sub(left).convert(I2F, 0))
                        .fma(high.mul(e), h0);
                e = FloatVector.broadcast(F, dsum[block]);
                l0 = lowMinimum.fma(e, l0);
                h0 = highMinimum.fma(e, h0);
                v = IntVector.fromArray(I, sums, at + 16);
                e = FloatVector.broadcast(F, d[block + 1]);
                left = IntVector.broadcast(I, (short) start[block + 1]);
                l1 = ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 16).sub(left)
                        .convert(I2F, 0)).fma(low.mul(e), l1);
                h1 = ((FloatVector) v.lanewise(ASHR, 16).sub(left).convert(I2F, 0))
                        .fma(high.mul(e), h1);
                e = FloatVector.broadcast(F, dsum[block + 1]);
                l1 = lowMinimum.fma(e, l1);
                h1 = highMinimum.fma(e, h1);
            }
            l0.intoArray(out, to);
            h0.intoArray(out, to + 16);
            l1.intoArray(out, to + 32);
            h1.intoArray(out, to + 48);
        }
    }

    /// out [4, 32] of rows i.. += sum [4, 32] * (scale [32] * d [4]) for each block.
    private static void add4(PanelTile tile, int i, int rows) {
        float[] sums = tile.sums;
        float[] scales = tile.scales;
        float[] d = tile.d;
        float[] out = tile.out;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            int to = tile.outFrom + i * 32 + r;
            FloatVector l0 = FloatVector.fromArray(F, out, to);
            FloatVector h0 = FloatVector.fromArray(F, out, to + 16);
            FloatVector l1 = FloatVector.fromArray(F, out, to + 32);
            FloatVector h1 = FloatVector.fromArray(F, out, to + 48);
            FloatVector l2 = FloatVector.fromArray(F, out, to + 64);
            FloatVector h2 = FloatVector.fromArray(F, out, to + 80);
            FloatVector l3 = FloatVector.fromArray(F, out, to + 96);
            FloatVector h3 = FloatVector.fromArray(F, out, to + 112);
            for (int b = 0; b < blocks; b++) {
                int at = (b * rows + i) * 32 + r;
                int block = tile.dFrom + b * rows + i;
                FloatVector low = FloatVector.fromArray(F, scales, b * 32 + r);
                FloatVector high = FloatVector.fromArray(F, scales, b * 32 + r + 16);
                FloatVector e = FloatVector.broadcast(F, d[block]);
                l0 = FloatVector.fromArray(F, sums, at).fma(low.mul(e), l0);
                h0 = FloatVector.fromArray(F, sums, at + 16).fma(high.mul(e), h0);
                e = FloatVector.broadcast(F, d[block + 1]);
                l1 = FloatVector.fromArray(F, sums, at + 32).fma(low.mul(e), l1);
                h1 = FloatVector.fromArray(F, sums, at + 48).fma(high.mul(e), h1);
                e = FloatVector.broadcast(F, d[block + 2]);
                l2 = FloatVector.fromArray(F, sums, at + 64).fma(low.mul(e), l2);
                h2 = FloatVector.fromArray(F, sums, at + 80).fma(high.mul(e), h2);
                e = FloatVector.broadcast(F, d[block + 3]);
                l3 = FloatVector.fromArray(F, sums, at + 96).fma(low.mul(e), l3);
                h3 = FloatVector.fromArray(F, sums, at + 112).fma(high.mul(e), h3);
            }
            l0.intoArray(out, to);
            h0.intoArray(out, to + 16);
            l1.intoArray(out, to + 32);
            h1.intoArray(out, to + 48);
            l2.intoArray(out, to + 64);
            h2.intoArray(out, to + 80);
            l3.intoArray(out, to + 96);
            h3.intoArray(out, to + 112);
        }
    }

    /// Sums [blocks, 4, 16] of 4-bit codes with 4 rows of x, two rows of the weight in each.
    private static void nibbles4(PackedStep step, PanelTile tile) {
        MemorySegment w = step.memory;
        int[] x = tile.xPairs;
        int[] start = tile.startPairs;
        int[] sums = tile.pairSums;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                int s = tile.dFrom + b * 4;
                ShortVector a0 = IntVector.broadcast(I, start[s])
                        .reinterpretAsShorts();
                ShortVector a1 = IntVector.broadcast(I, start[s + 1])
                        .reinterpretAsShorts();
                ShortVector a2 = IntVector.broadcast(I, start[s + 2])
                        .reinterpretAsShorts();
                ShortVector a3 = IntVector.broadcast(I, start[s + 3])
                        .reinterpretAsShorts();
                long from = step.codes + (long) b * step.codeStride + lane;
                int xFrom = tile.xFrom + b * 128;
                for (int n = 0; n < 8; n++) {
                    IntVector v = fromMemorySegment(I, w, from + (long) n * LINE,
                            LITTLE_ENDIAN);
                    int i = xFrom + 4 * n;
                    ShortVector q = v.and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 32])
                            .reinterpretAsShorts()));
                    a2 = a2.add(q.mul(IntVector.broadcast(I, x[i + 64])
                            .reinterpretAsShorts()));
                    a3 = a3.add(q.mul(IntVector.broadcast(I, x[i + 96])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 1])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 33])
                            .reinterpretAsShorts()));
                    a2 = a2.add(q.mul(IntVector.broadcast(I, x[i + 65])
                            .reinterpretAsShorts()));
                    a3 = a3.add(q.mul(IntVector.broadcast(I, x[i + 97])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 2])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 34])
                            .reinterpretAsShorts()));
                    a2 = a2.add(q.mul(IntVector.broadcast(I, x[i + 66])
                            .reinterpretAsShorts()));
                    a3 = a3.add(q.mul(IntVector.broadcast(I, x[i + 98])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 3])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 35])
                            .reinterpretAsShorts()));
                    a2 = a2.add(q.mul(IntVector.broadcast(I, x[i + 67])
                            .reinterpretAsShorts()));
                    a3 = a3.add(q.mul(IntVector.broadcast(I, x[i + 99])
                            .reinterpretAsShorts()));
                }
                int to = b * 64 + lane / 4;
                a0.reinterpretAsInts().intoArray(sums, to);
                a1.reinterpretAsInts().intoArray(sums, to + 16);
                a2.reinterpretAsInts().intoArray(sums, to + 32);
                a3.reinterpretAsInts().intoArray(sums, to + 48);
            }
        }
    }

    /// Sums [blocks, 2, 16] of 4-bit codes with 2 rows of x, two rows of the weight in each.
    private static void nibbles2(PackedStep step, PanelTile tile) {
        MemorySegment w = step.memory;
        int[] x = tile.xPairs;
        int[] start = tile.startPairs;
        int[] sums = tile.pairSums;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                int s = tile.dFrom + b * 2;
                ShortVector a0 = IntVector.broadcast(I, start[s])
                        .reinterpretAsShorts();
                ShortVector a1 = IntVector.broadcast(I, start[s + 1])
                        .reinterpretAsShorts();
                long from = step.codes + (long) b * step.codeStride + lane;
                int xFrom = tile.xFrom + b * 64;
                for (int n = 0; n < 8; n++) {
                    IntVector v = fromMemorySegment(I, w, from + (long) n * LINE,
                            LITTLE_ENDIAN);
                    int i = xFrom + 4 * n;
                    ShortVector q = v.and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 32])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 1])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 33])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 2])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 34])
                            .reinterpretAsShorts()));
                    q = v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts();
                    a0 = a0.add(q.mul(IntVector.broadcast(I, x[i + 3])
                            .reinterpretAsShorts()));
                    a1 = a1.add(q.mul(IntVector.broadcast(I, x[i + 35])
                            .reinterpretAsShorts()));
                }
                int to = b * 32 + lane / 4;
                a0.reinterpretAsInts().intoArray(sums, to);
                a1.reinterpretAsInts().intoArray(sums, to + 16);
            }
        }
    }

    /// Sums [blocks, 12, 32] of 8-bit codes with 12 rows of x.
    private static void bytes12(PackedStep step, PanelTile tile) {
        MemorySegment w = step.memory;
        float[] x = tile.x;
        float[] start = tile.start;
        float[] sums = tile.sums;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                int s = tile.dFrom + b * 12;
                FloatVector l0 = FloatVector.broadcast(F, start[s]);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.broadcast(F, start[s + 1]);
                FloatVector h1 = l1;
                FloatVector l2 = FloatVector.broadcast(F, start[s + 2]);
                FloatVector h2 = l2;
                FloatVector l3 = FloatVector.broadcast(F, start[s + 3]);
                FloatVector h3 = l3;
                FloatVector l4 = FloatVector.broadcast(F, start[s + 4]);
                FloatVector h4 = l4;
                FloatVector l5 = FloatVector.broadcast(F, start[s + 5]);
                FloatVector h5 = l5;
                FloatVector l6 = FloatVector.broadcast(F, start[s + 6]);
                FloatVector h6 = l6;
                FloatVector l7 = FloatVector.broadcast(F, start[s + 7]);
                FloatVector h7 = l7;
                FloatVector l8 = FloatVector.broadcast(F, start[s + 8]);
                FloatVector h8 = l8;
                FloatVector l9 = FloatVector.broadcast(F, start[s + 9]);
                FloatVector h9 = l9;
                FloatVector l10 = FloatVector.broadcast(F, start[s + 10]);
                FloatVector h10 = l10;
                FloatVector l11 = FloatVector.broadcast(F, start[s + 11]);
                FloatVector h11 = l11;
                long from = step.codes + (long) b * step.codeStride + lane;
                int xFrom = tile.xFrom + b * 384;
                for (int n = 0; n < 16; n++) {
                    IntVector v = fromMemorySegment(I, w, from + (long) n * LINE,
                            LITTLE_ENDIAN);
                    int i = xFrom + 2 * n;
                    FloatVector low = v.lanewise(LSHL, 15).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector high = v.lanewise(LSHR, 1).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector q = FloatVector.broadcast(F, x[i]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 32]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 64]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 96]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                    q = FloatVector.broadcast(F, x[i + 128]);
                    l4 = low.fma(q, l4);
                    h4 = high.fma(q, h4);
                    q = FloatVector.broadcast(F, x[i + 160]);
                    l5 = low.fma(q, l5);
                    h5 = high.fma(q, h5);
                    q = FloatVector.broadcast(F, x[i + 192]);
                    l6 = low.fma(q, l6);
                    h6 = high.fma(q, h6);
                    q = FloatVector.broadcast(F, x[i + 224]);
                    l7 = low.fma(q, l7);
                    h7 = high.fma(q, h7);
                    q = FloatVector.broadcast(F, x[i + 256]);
                    l8 = low.fma(q, l8);
                    h8 = high.fma(q, h8);
                    q = FloatVector.broadcast(F, x[i + 288]);
                    l9 = low.fma(q, l9);
                    h9 = high.fma(q, h9);
                    q = FloatVector.broadcast(F, x[i + 320]);
                    l10 = low.fma(q, l10);
                    h10 = high.fma(q, h10);
                    q = FloatVector.broadcast(F, x[i + 352]);
                    l11 = low.fma(q, l11);
                    h11 = high.fma(q, h11);
                    low = v.lanewise(LSHL, 7).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    high = v.lanewise(LSHR, 9).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    q = FloatVector.broadcast(F, x[i + 1]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 33]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 65]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 97]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                    q = FloatVector.broadcast(F, x[i + 129]);
                    l4 = low.fma(q, l4);
                    h4 = high.fma(q, h4);
                    q = FloatVector.broadcast(F, x[i + 161]);
                    l5 = low.fma(q, l5);
                    h5 = high.fma(q, h5);
                    q = FloatVector.broadcast(F, x[i + 193]);
                    l6 = low.fma(q, l6);
                    h6 = high.fma(q, h6);
                    q = FloatVector.broadcast(F, x[i + 225]);
                    l7 = low.fma(q, l7);
                    h7 = high.fma(q, h7);
                    q = FloatVector.broadcast(F, x[i + 257]);
                    l8 = low.fma(q, l8);
                    h8 = high.fma(q, h8);
                    q = FloatVector.broadcast(F, x[i + 289]);
                    l9 = low.fma(q, l9);
                    h9 = high.fma(q, h9);
                    q = FloatVector.broadcast(F, x[i + 321]);
                    l10 = low.fma(q, l10);
                    h10 = high.fma(q, h10);
                    q = FloatVector.broadcast(F, x[i + 353]);
                    l11 = low.fma(q, l11);
                    h11 = high.fma(q, h11);
                }
                int to = b * 384 + lane / 4;
                l0.intoArray(sums, to);
                h0.intoArray(sums, to + 16);
                l1.intoArray(sums, to + 32);
                h1.intoArray(sums, to + 48);
                l2.intoArray(sums, to + 64);
                h2.intoArray(sums, to + 80);
                l3.intoArray(sums, to + 96);
                h3.intoArray(sums, to + 112);
                l4.intoArray(sums, to + 128);
                h4.intoArray(sums, to + 144);
                l5.intoArray(sums, to + 160);
                h5.intoArray(sums, to + 176);
                l6.intoArray(sums, to + 192);
                h6.intoArray(sums, to + 208);
                l7.intoArray(sums, to + 224);
                h7.intoArray(sums, to + 240);
                l8.intoArray(sums, to + 256);
                h8.intoArray(sums, to + 272);
                l9.intoArray(sums, to + 288);
                h9.intoArray(sums, to + 304);
                l10.intoArray(sums, to + 320);
                h10.intoArray(sums, to + 336);
                l11.intoArray(sums, to + 352);
                h11.intoArray(sums, to + 368);
            }
        }
    }

    /// Sums [blocks, 8, 32] of 8-bit codes with 8 rows of x.
    private static void bytes8(PackedStep step, PanelTile tile) {
        MemorySegment w = step.memory;
        float[] x = tile.x;
        float[] start = tile.start;
        float[] sums = tile.sums;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                int s = tile.dFrom + b * 8;
                FloatVector l0 = FloatVector.broadcast(F, start[s]);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.broadcast(F, start[s + 1]);
                FloatVector h1 = l1;
                FloatVector l2 = FloatVector.broadcast(F, start[s + 2]);
                FloatVector h2 = l2;
                FloatVector l3 = FloatVector.broadcast(F, start[s + 3]);
                FloatVector h3 = l3;
                FloatVector l4 = FloatVector.broadcast(F, start[s + 4]);
                FloatVector h4 = l4;
                FloatVector l5 = FloatVector.broadcast(F, start[s + 5]);
                FloatVector h5 = l5;
                FloatVector l6 = FloatVector.broadcast(F, start[s + 6]);
                FloatVector h6 = l6;
                FloatVector l7 = FloatVector.broadcast(F, start[s + 7]);
                FloatVector h7 = l7;
                long from = step.codes + (long) b * step.codeStride + lane;
                int xFrom = tile.xFrom + b * 256;
                for (int n = 0; n < 16; n++) {
                    IntVector v = fromMemorySegment(I, w, from + (long) n * LINE,
                            LITTLE_ENDIAN);
                    int i = xFrom + 2 * n;
                    FloatVector low = v.lanewise(LSHL, 15).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector high = v.lanewise(LSHR, 1).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector q = FloatVector.broadcast(F, x[i]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 32]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 64]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 96]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                    q = FloatVector.broadcast(F, x[i + 128]);
                    l4 = low.fma(q, l4);
                    h4 = high.fma(q, h4);
                    q = FloatVector.broadcast(F, x[i + 160]);
                    l5 = low.fma(q, l5);
                    h5 = high.fma(q, h5);
                    q = FloatVector.broadcast(F, x[i + 192]);
                    l6 = low.fma(q, l6);
                    h6 = high.fma(q, h6);
                    q = FloatVector.broadcast(F, x[i + 224]);
                    l7 = low.fma(q, l7);
                    h7 = high.fma(q, h7);
                    low = v.lanewise(LSHL, 7).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    high = v.lanewise(LSHR, 9).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    q = FloatVector.broadcast(F, x[i + 1]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 33]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 65]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 97]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                    q = FloatVector.broadcast(F, x[i + 129]);
                    l4 = low.fma(q, l4);
                    h4 = high.fma(q, h4);
                    q = FloatVector.broadcast(F, x[i + 161]);
                    l5 = low.fma(q, l5);
                    h5 = high.fma(q, h5);
                    q = FloatVector.broadcast(F, x[i + 193]);
                    l6 = low.fma(q, l6);
                    h6 = high.fma(q, h6);
                    q = FloatVector.broadcast(F, x[i + 225]);
                    l7 = low.fma(q, l7);
                    h7 = high.fma(q, h7);
                }
                int to = b * 256 + lane / 4;
                l0.intoArray(sums, to);
                h0.intoArray(sums, to + 16);
                l1.intoArray(sums, to + 32);
                h1.intoArray(sums, to + 48);
                l2.intoArray(sums, to + 64);
                h2.intoArray(sums, to + 80);
                l3.intoArray(sums, to + 96);
                h3.intoArray(sums, to + 112);
                l4.intoArray(sums, to + 128);
                h4.intoArray(sums, to + 144);
                l5.intoArray(sums, to + 160);
                h5.intoArray(sums, to + 176);
                l6.intoArray(sums, to + 192);
                h6.intoArray(sums, to + 208);
                l7.intoArray(sums, to + 224);
                h7.intoArray(sums, to + 240);
            }
        }
    }

    /// Sums [blocks, 4, 32] of 8-bit codes with 4 rows of x.
    private static void bytes4(PackedStep step, PanelTile tile) {
        MemorySegment w = step.memory;
        float[] x = tile.x;
        float[] start = tile.start;
        float[] sums = tile.sums;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                int s = tile.dFrom + b * 4;
                FloatVector l0 = FloatVector.broadcast(F, start[s]);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.broadcast(F, start[s + 1]);
                FloatVector h1 = l1;
                FloatVector l2 = FloatVector.broadcast(F, start[s + 2]);
                FloatVector h2 = l2;
                FloatVector l3 = FloatVector.broadcast(F, start[s + 3]);
                FloatVector h3 = l3;
                long from = step.codes + (long) b * step.codeStride + lane;
                int xFrom = tile.xFrom + b * 128;
                for (int n = 0; n < 16; n++) {
                    IntVector v = fromMemorySegment(I, w, from + (long) n * LINE,
                            LITTLE_ENDIAN);
                    int i = xFrom + 2 * n;
                    FloatVector low = v.lanewise(LSHL, 15).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector high = v.lanewise(LSHR, 1).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    FloatVector q = FloatVector.broadcast(F, x[i]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 32]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 64]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 96]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                    low = v.lanewise(LSHL, 7).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    high = v.lanewise(LSHR, 9).and(FRACTION).or(FLOAT_BITS)
                            .reinterpretAsFloats();
                    q = FloatVector.broadcast(F, x[i + 1]);
                    l0 = low.fma(q, l0);
                    h0 = high.fma(q, h0);
                    q = FloatVector.broadcast(F, x[i + 33]);
                    l1 = low.fma(q, l1);
                    h1 = high.fma(q, h1);
                    q = FloatVector.broadcast(F, x[i + 65]);
                    l2 = low.fma(q, l2);
                    h2 = high.fma(q, h2);
                    q = FloatVector.broadcast(F, x[i + 97]);
                    l3 = low.fma(q, l3);
                    h3 = high.fma(q, h3);
                }
                int to = b * 128 + lane / 4;
                l0.intoArray(sums, to);
                h0.intoArray(sums, to + 16);
                l1.intoArray(sums, to + 32);
                h1.intoArray(sums, to + 48);
                l2.intoArray(sums, to + 64);
                h2.intoArray(sums, to + 80);
                l3.intoArray(sums, to + 96);
                h3.intoArray(sums, to + 112);
            }
        }
    }
}
