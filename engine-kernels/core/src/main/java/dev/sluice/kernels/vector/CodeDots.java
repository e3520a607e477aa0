package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.IntVector.broadcast;
import static jdk.incubator.vector.IntVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

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
    private static final IntVector BYTES = IntVector.broadcast(I, 0x00FF00FF);

    private CodeDots() {
    }

    /// Sums of the step's codes with the row's columns from `from` on.
    static void sums(PackedStep step, QuantisedRow row, int from, int[] sums) {
        switch (step.format.codes) {
            case BYTE -> bytes(step, row.pairs, row.corrections, from, sums);
            case NIBBLE -> nibbles(step, row.pairs, from, sums);
            case FLOAT32, FLOAT16, BFLOAT16, FLOAT8, NIBBLE_1, NIBBLE_2, PAIR, PAIR_1, TABLE,
                    TABLE_SMALL ->
                throw new IllegalStateException(step.format + " has no integer products");
        }
    }

    /// What [#sums] has not taken from the codes: the format's zero, unless corrections did.
    static int zeroLeft(PackedFormat format) {
        return usesCorrections(format) ? 0 : format.zero;
    }

    static boolean usesCorrections(PackedFormat format) {
        return format.codes == PackedFormat.Codes.BYTE || format.codes == PackedFormat.Codes.TABLE;
    }

    /// 4-bit codes. 16 products of 15 * 127 are 30480 and fit 16 bits.
    private static void nibbles(PackedStep step, int[] x, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
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
    }

    /// 8-bit codes, which are q + 128. Two products of q are at most 32512 and fit 16 bits, but
    /// not those of the code; so `-128 * (x0 + x1)` is added modulo 2^16. `corrections` holds that
    /// for each two columns, in both halves, with 2^15 more in the lower half: the lower half is
    /// then never negative, a plain 32-bit sum of the words keeps it apart from the upper half,
    /// and the sum of the 16 times 2^15 is taken away at the end.
    private static void bytes(PackedStep step, int[] x, int[] corrections, int from, int[] sums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                IntVector low = IntVector.zero(I);
                IntVector high = low;
                for (int i = 0; i < 16; i += 2) {
                    long at = step.codes + (long) b * step.codeStride + lane + i * LINE;
                    int k = from + b * 32 + 2 * i;
                    int n = k >> 1;
                    IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                    IntVector t = v.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k]).reinterpretAsShorts())
                            .add(v.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 1]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[n]).reinterpretAsShorts())
                            .reinterpretAsInts();
                    low = low.add(t);
                    high = high.add(t.lanewise(ASHR, 16));
                    v = fromMemorySegment(I, w, at + LINE, LITTLE_ENDIAN);
                    t = v.and(BYTES).reinterpretAsShorts()
                            .mul(broadcast(I, x[k + 2]).reinterpretAsShorts())
                            .add(v.lanewise(LSHR, 8).and(BYTES).reinterpretAsShorts()
                                    .mul(broadcast(I, x[k + 3]).reinterpretAsShorts()))
                            .add(broadcast(I, corrections[n + 1]).reinterpretAsShorts())
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
