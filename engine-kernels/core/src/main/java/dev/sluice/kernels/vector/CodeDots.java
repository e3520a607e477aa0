package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.IntVector.broadcast;
import static jdk.incubator.vector.IntVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/// Integer dot products of packed codes with one quantised row of x: for each block of a step and
/// each of 32 rows, sum of code * q, exactly.
///
/// Products are made in 16 bits, as many as can not overflow are added there, and the sums are
/// widened to 32 bits. `x` holds q of each column twice, in both halves of an integer, so that a
/// broadcast needs the load port alone. `sums` is [blocks][32]. All methods are static and pure.
///
/// The shape of the code is what C2 compiles well and was chosen by measurement: one straight
/// line per block; integer shifts (16-bit shifts by a constant take two instructions); no methods
/// of our own that return vectors, because C2 stops inlining them in large bodies and then every
/// vector goes through the heap. That is also why this file is long.
final class CodeDots {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> S = ShortVector.SPECIES_PREFERRED;
    private static final int LINE = 64;
    private static final int VECTOR = I.vectorByteSize();
    private static final IntVector NIBBLES = IntVector.broadcast(I, 0x000F000F);
    private static final IntVector BYTE_NIBBLES = IntVector.broadcast(I, 0x0F0F0F0F);
    private static final IntVector PAIRS = IntVector.broadcast(I, 0x00030003);
    private static final IntVector BIT_2 = IntVector.broadcast(I, 0x00040004);
    private static final IntVector BIT_4 = IntVector.broadcast(I, 0x00100010);
    private static final IntVector BITS_45 = IntVector.broadcast(I, 0x00300030);
    /// Makes the lower half unsigned, 2^15 too large, so that a 32-bit sum keeps it apart.
    private static final IntVector LOWER_SIGN = IntVector.broadcast(I, 0x8000);
    private static final IntVector BYTES = IntVector.broadcast(I, 0x00FF00FF);

    private CodeDots() {
    }

    /// Sums of the step's codes with the row's columns from `from` on.
    static void sums(PackedStep step, QuantisedRow row, int from, int[] sums) {
        switch (step.format.codes) {
            case BYTE -> bytes(step, row.pairs, row.corrections, from, sums);
            case NIBBLE -> nibbles(step, row.pairs, from, sums);
            case NIBBLE_1 -> nibbles1(step, row.pairs, from, sums);
            case NIBBLE_2 -> nibbles2(step, row.pairs, from, sums);
            case PAIR -> pairs(step, row.pairs, from, sums);
            case PAIR_1 -> pairs1(step, row.pairs, from, sums);
            case TABLE -> table(step, row.pairs, row.corrections, from, sums);
            case TABLE_SMALL -> smallTable(step, row.pairs, from, sums);
            case FLOAT32, FLOAT16, BFLOAT16, FLOAT8 ->
                throw new IllegalStateException(step.format + " has no integer products");
        }
    }

    /// What [#sums] has not taken from the codes: the format's zero, unless corrections did.
    static int zeroLeft(PackedFormat format) {
        return usesCorrections(format) ? 0 : format.zero;
    }

    /// Whether the format's kernel reads ahead, so that it gains from groups in turn.
    static boolean readsAhead(PackedFormat format) {
        return format.codes == PackedFormat.Codes.BYTE
                || format.codes == PackedFormat.Codes.NIBBLE;
    }

    static boolean usesCorrections(PackedFormat format) {
        return format.codes == PackedFormat.Codes.BYTE || format.codes == PackedFormat.Codes.TABLE;
    }

    /// Reads a byte of each line that is due with block `b`, so that they are in the cache when
    /// they are needed. The processor looks ahead only as far as its queue of waiting instructions
    /// reaches, a few lines of these kernels, and then memory and arithmetic take turns. Its
    /// prefetchers reach further, but follow one run of lines in a page: so the lines come from
    /// several groups in turn, each of which they have four times as long for. Measured with
    /// `ProductSpeed 2 1 131072 2048 Q8_0 Q4_0`: 22.9 and 21.4 GB/s, 17.3 and 16.1 when one run was
    /// read 4 KB ahead.
    private static long readAhead(MemorySegment w, PackedStep step, int b) {
        int lines = step.aheadLines;
        int shift = step.aheadShift;
        int last = (1 << shift) - 1;
        long ahead = step.ahead;
        long stride = step.aheadStride;
        long sum = 0;
        for (int n = b * lines; n < (b + 1) * lines; n++) {
            sum += w.get(JAVA_BYTE, ahead + (n & last) * stride + (long) (n >> shift) * LINE);
        }
        return sum;
    }

    /// 4-bit codes. 16 products of 15 * 127 are 30480 and fit 16 bits.
    private static void nibbles(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        long read = 0;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                read += readAhead(w, step, b);
                long at = step.codes + (long) b * step.codeStride + lane;
                int k = from + b * 32;
                IntVector v;
                ShortVector a = ShortVector.zero(S);
                ShortVector c = a;
                v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                a = a.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                a = a.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 4]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 128, LITTLE_ENDIAN);
                a = a.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 8]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 9]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 10]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 11]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 192, LITTLE_ENDIAN);
                a = a.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 12]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 13]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 14]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 15]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 256, LITTLE_ENDIAN);
                c = c.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 16]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 17]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 18]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 19]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 320, LITTLE_ENDIAN);
                c = c.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 20]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 21]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 22]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 23]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 384, LITTLE_ENDIAN);
                c = c.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 24]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 25]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 26]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 27]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 448, LITTLE_ENDIAN);
                c = c.add(v.and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 28]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 4).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 29]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 8).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 30]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 12).and(NIBBLES).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 31]).reinterpretAsShorts()));
                IntVector first = a.reinterpretAsInts();
                IntVector second = c.reinterpretAsInts();
                int to = b * 32 + lane / 4;
                first.lanewise(LSHL, 16).lanewise(ASHR, 16)
                        .add(second.lanewise(LSHL, 16).lanewise(ASHR, 16)).intoArray(sums, to);
                first.lanewise(ASHR, 16).add(second.lanewise(ASHR, 16)).intoArray(sums, to + 16);
            }
        }
        step.read = read;
    }

    /// 8-bit codes, which are q + 128. Two products of q are at most 32512 and fit 16 bits, but
    /// not those of the code; so `-128 * (x0 + x1)` is added modulo 2^16. `corrections` holds that
    /// at each even column for it and the next, in both halves, with 2^15 more in the lower half:
    /// the lower half is then never negative, a plain 32-bit sum of the words keeps it apart from
    /// the upper half, and the sum of the 16 times 2^15 is taken away at the end.
    private static void bytes(PackedStep step, int[] x, int[] corrections, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        long read = 0;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                read += readAhead(w, step, b);
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                for (int i = 0; i < 16; i += 2) {
                    long at = step.codes + (long) b * step.codeStride + lane + i * LINE;
                    int k = from + b * 32 + 2 * i;
                    IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                    IntVector t = v.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k]).reinterpretAsShorts())
                            .add(v.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                    v = fromMemorySegment(I, w, at + LINE, LITTLE_ENDIAN);
                    t = v.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 2]).reinterpretAsShorts())
                            .add(v.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k + 2]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                }
                int to = b * 32 + lane / 4;
                low.sub(high.lanewise(LSHL, 16)).sub(16 << 15).intoArray(sums, to);
                high.intoArray(sums, to + 16);
            }
        }
        step.read = read;
    }

    /// 5-bit codes: 4 bits, and 1 in the upper plane. 8 products of 31 * 127 are 31496.
    private static void nibbles1(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                for (int half = 0; half < 2; half++) {
                    long at = step.codes + (long) b * step.codeStride + lane + 4 * LINE * half;
                    int k = from + b * 32 + 16 * half;
                    IntVector u = fromMemorySegment(I, w,
                            step.upper + (long) b * step.upperStride + lane + LINE * half,
                            LITTLE_ENDIAN);
                    IntVector v;
                    IntVector t;
                    ShortVector a;
                    v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                    a = v.and(NIBBLES)
                            .or(u.lanewise(LSHL, 4).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k]).reinterpretAsShorts());
                    a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                            .or(u.lanewise(LSHL, 3).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                            .or(u.lanewise(LSHL, 2).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                            .or(u.lanewise(LSHL, 1).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                    v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                    a = a.add(v.and(NIBBLES)
                            .or(u.and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 4]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                            .or(u.lanewise(LSHR, 1).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                            .or(u.lanewise(LSHR, 2).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                            .or(u.lanewise(LSHR, 3).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                    t = a.reinterpretAsInts();
                    low = low.add(t.lanewise(XOR, LOWER_SIGN));
                    high = high.add(t.lanewise(ASHR, 16));
                    v = fromMemorySegment(I, w, at + 128, LITTLE_ENDIAN);
                    a = v.and(NIBBLES)
                            .or(u.lanewise(LSHR, 4).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 8]).reinterpretAsShorts());
                    a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                            .or(u.lanewise(LSHR, 5).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 9]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                            .or(u.lanewise(LSHR, 6).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 10]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                            .or(u.lanewise(LSHR, 7).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 11]).reinterpretAsShorts()));
                    v = fromMemorySegment(I, w, at + 192, LITTLE_ENDIAN);
                    a = a.add(v.and(NIBBLES)
                            .or(u.lanewise(LSHR, 8).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 12]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                            .or(u.lanewise(LSHR, 9).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 13]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                            .or(u.lanewise(LSHR, 10).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 14]).reinterpretAsShorts()));
                    a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                            .or(u.lanewise(LSHR, 11).and(BIT_4)).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 15]).reinterpretAsShorts()));
                    t = a.reinterpretAsInts();
                    low = low.add(t.lanewise(XOR, LOWER_SIGN));
                    high = high.add(t.lanewise(ASHR, 16));
                }
                int to = b * 32 + lane / 4;
                low.sub(high.lanewise(LSHL, 16)).sub(4 << 15).intoArray(sums, to);
                high.intoArray(sums, to + 16);
            }
        }
    }

    /// 6-bit codes: 4 bits, and 2 in the upper plane; blocks of 16 columns.
    /// 4 products of 63 * 127 are 32004.
    private static void nibbles2(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < 2 * count; b++) {
                long at = step.codes + (long) (b >> 1) * step.codeStride + lane
                        + 4 * LINE * (b & 1);
                long up = step.upper + (long) (b >> 1) * step.upperStride + lane
                        + 2 * LINE * (b & 1);
                int k = from + b * 16;
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                IntVector u;
                IntVector v;
                IntVector t;
                ShortVector a;
                u = fromMemorySegment(I, w, up, LITTLE_ENDIAN);
                v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                a = v.and(NIBBLES)
                        .or(u.lanewise(LSHL, 4).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k]).reinterpretAsShorts());
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                        .or(u.lanewise(LSHL, 2).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                        .or(u.and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                        .or(u.lanewise(LSHR, 2).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                t = a.reinterpretAsInts();
                low = low.add(t.lanewise(XOR, LOWER_SIGN));
                high = high.add(t.lanewise(ASHR, 16));
                v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                a = v.and(NIBBLES)
                        .or(u.lanewise(LSHR, 4).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 4]).reinterpretAsShorts());
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                        .or(u.lanewise(LSHR, 6).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                        .or(u.lanewise(LSHR, 8).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                        .or(u.lanewise(LSHR, 10).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                t = a.reinterpretAsInts();
                low = low.add(t.lanewise(XOR, LOWER_SIGN));
                high = high.add(t.lanewise(ASHR, 16));
                u = fromMemorySegment(I, w, up + 64, LITTLE_ENDIAN);
                v = fromMemorySegment(I, w, at + 128, LITTLE_ENDIAN);
                a = v.and(NIBBLES)
                        .or(u.lanewise(LSHL, 4).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 8]).reinterpretAsShorts());
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                        .or(u.lanewise(LSHL, 2).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 9]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                        .or(u.and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 10]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                        .or(u.lanewise(LSHR, 2).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 11]).reinterpretAsShorts()));
                t = a.reinterpretAsInts();
                low = low.add(t.lanewise(XOR, LOWER_SIGN));
                high = high.add(t.lanewise(ASHR, 16));
                v = fromMemorySegment(I, w, at + 192, LITTLE_ENDIAN);
                a = v.and(NIBBLES)
                        .or(u.lanewise(LSHR, 4).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 12]).reinterpretAsShorts());
                a = a.add(v.lanewise(LSHR, 4).and(NIBBLES)
                        .or(u.lanewise(LSHR, 6).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 13]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(NIBBLES)
                        .or(u.lanewise(LSHR, 8).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 14]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(NIBBLES)
                        .or(u.lanewise(LSHR, 10).and(BITS_45)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 15]).reinterpretAsShorts()));
                t = a.reinterpretAsInts();
                low = low.add(t.lanewise(XOR, LOWER_SIGN));
                high = high.add(t.lanewise(ASHR, 16));
                int to = b * 32 + lane / 4;
                low.sub(high.lanewise(LSHL, 16)).sub(4 << 15).intoArray(sums, to);
                high.intoArray(sums, to + 16);
            }
        }
    }

    /// 2-bit codes, 8 a word; blocks of 16 columns.
    private static void pairs(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < 2 * count; b++) {
                long at = step.codes + (long) (b >> 1) * step.codeStride + lane
                        + 2 * LINE * (b & 1);
                int k = from + b * 16;
                IntVector v;
                ShortVector a = ShortVector.zero(S);
                ShortVector c = a;
                v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                a = a.add(v.and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 2).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 6).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 4]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 10).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 14).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                a = a.add(v.and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 8]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 2).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 9]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 10]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 6).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 11]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 12]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 10).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 13]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 14]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 14).and(PAIRS).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 15]).reinterpretAsShorts()));
                IntVector t = a.add(c).reinterpretAsInts();
                int to = b * 32 + lane / 4;
                t.lanewise(LSHL, 16).lanewise(ASHR, 16).intoArray(sums, to);
                t.lanewise(ASHR, 16).intoArray(sums, to + 16);
            }
        }
    }

    /// 3-bit codes: 2 bits, and 1 in the upper plane; blocks of 16 columns.
    private static void pairs1(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < 2 * count; b++) {
                long at = step.codes + (long) (b >> 1) * step.codeStride + lane
                        + 2 * LINE * (b & 1);
                int k = from + b * 16;
                IntVector u = fromMemorySegment(I, w,
                        step.upper + (long) (b >> 1) * step.upperStride + lane + LINE * (b & 1),
                        LITTLE_ENDIAN);
                IntVector v;
                ShortVector a = ShortVector.zero(S);
                ShortVector c = a;
                v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                a = a.add(v.and(PAIRS)
                        .or(u.lanewise(LSHL, 2).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 2).and(PAIRS)
                        .or(u.lanewise(LSHL, 1).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(PAIRS)
                        .or(u.and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 6).and(PAIRS)
                        .or(u.lanewise(LSHR, 1).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(PAIRS)
                        .or(u.lanewise(LSHR, 2).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 4]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 10).and(PAIRS)
                        .or(u.lanewise(LSHR, 3).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(PAIRS)
                        .or(u.lanewise(LSHR, 4).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 14).and(PAIRS)
                        .or(u.lanewise(LSHR, 5).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                a = a.add(v.and(PAIRS)
                        .or(u.lanewise(LSHR, 6).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 8]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 2).and(PAIRS)
                        .or(u.lanewise(LSHR, 7).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 9]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 4).and(PAIRS)
                        .or(u.lanewise(LSHR, 8).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 10]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 6).and(PAIRS)
                        .or(u.lanewise(LSHR, 9).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 11]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 8).and(PAIRS)
                        .or(u.lanewise(LSHR, 10).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 12]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 10).and(PAIRS)
                        .or(u.lanewise(LSHR, 11).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 13]).reinterpretAsShorts()));
                a = a.add(v.lanewise(LSHR, 12).and(PAIRS)
                        .or(u.lanewise(LSHR, 12).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 14]).reinterpretAsShorts()));
                c = c.add(v.lanewise(LSHR, 14).and(PAIRS)
                        .or(u.lanewise(LSHR, 13).and(BIT_2)).reinterpretAsShorts()
                        .mul(broadcast(I, x[k + 15]).reinterpretAsShorts()));
                IntVector t = a.add(c).reinterpretAsInts();
                int to = b * 32 + lane / 4;
                t.lanewise(LSHL, 16).lanewise(ASHR, 16).intoArray(sums, to);
                t.lanewise(ASHR, 16).intoArray(sums, to + 16);
            }
        }
    }

    /// Indices of E2M1, values biased by 12. 8 products of 24 * 127 are 24384.
    private static void smallTable(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                for (int i = 0; i < 8; i += 2) {
                    long at = step.codes + (long) b * step.codeStride + lane + i * LINE;
                    int k = from + b * 32 + 4 * i;
                    IntVector v;
                    IntVector even;
                    IntVector odd;
                    IntVector t;
                    ShortVector a;
                    v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                    even = v.and(BYTE_NIBBLES).reinterpretAsBytes().selectFrom(CodeTables.E2M1)
                            .reinterpretAsInts();
                    odd = v.lanewise(LSHR, 4).and(BYTE_NIBBLES).reinterpretAsBytes()
                            .selectFrom(CodeTables.E2M1).reinterpretAsInts();
                    a = even.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k]).reinterpretAsShorts());
                    a = a.add(odd.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()));
                    a = a.add(even.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 2]).reinterpretAsShorts()));
                    a = a.add(odd.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()));
                    v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                    even = v.and(BYTE_NIBBLES).reinterpretAsBytes().selectFrom(CodeTables.E2M1)
                            .reinterpretAsInts();
                    odd = v.lanewise(LSHR, 4).and(BYTE_NIBBLES).reinterpretAsBytes()
                            .selectFrom(CodeTables.E2M1).reinterpretAsInts();
                    a = a.add(even.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 4]).reinterpretAsShorts()));
                    a = a.add(odd.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()));
                    a = a.add(even.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 6]).reinterpretAsShorts()));
                    a = a.add(odd.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()));
                    t = a.reinterpretAsInts();
                    low = low.add(t.lanewise(XOR, LOWER_SIGN));
                    high = high.add(t.lanewise(ASHR, 16));
                }
                int to = b * 32 + lane / 4;
                low.sub(high.lanewise(LSHL, 16)).sub(4 << 15).intoArray(sums, to);
                high.intoArray(sums, to + 16);
            }
        }
    }

    /// Indices of a table of bytes, biased by 128; corrections as in [#bytes].
    private static void table(PackedStep step, int[] x, int[] corrections, int from,
            int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                for (int i = 0; i < 8; i += 2) {
                    long at = step.codes + (long) b * step.codeStride + lane + i * LINE;
                    int k = from + b * 32 + 4 * i;
                    IntVector v;
                    IntVector even;
                    IntVector odd;
                    IntVector t;
                    v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                    even = v.and(BYTE_NIBBLES).reinterpretAsBytes().selectFrom(CodeTables.NONLINEAR)
                            .reinterpretAsInts();
                    odd = v.lanewise(LSHR, 4).and(BYTE_NIBBLES).reinterpretAsBytes()
                            .selectFrom(CodeTables.NONLINEAR).reinterpretAsInts();
                    t = even.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k]).reinterpretAsShorts())
                            .add(odd.and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                    t = even.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 2]).reinterpretAsShorts())
                            .add(odd.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k + 2]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                    v = fromMemorySegment(I, w, at + 64, LITTLE_ENDIAN);
                    even = v.and(BYTE_NIBBLES).reinterpretAsBytes().selectFrom(CodeTables.NONLINEAR)
                            .reinterpretAsInts();
                    odd = v.lanewise(LSHR, 4).and(BYTE_NIBBLES).reinterpretAsBytes()
                            .selectFrom(CodeTables.NONLINEAR).reinterpretAsInts();
                    t = even.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 4]).reinterpretAsShorts())
                            .add(odd.and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 5]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k + 4]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                    t = even.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 6]).reinterpretAsShorts())
                            .add(odd.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 7]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[k + 6]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                }
                int to = b * 32 + lane / 4;
                low.sub(high.lanewise(LSHL, 16)).sub(16 << 15).intoArray(sums, to);
                high.intoArray(sums, to + 16);
            }
        }
    }
}
