package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// Scales and minimums of a step as floats: `scales` and `minimums` are [blocks][32 rows], a
/// block being the format's 16 or 32 columns. Minimums carry their sign: they are added.
///
/// A float16 becomes a float by moving its exponent and fraction 13 places up, to bits m, and the
/// bias of the exponent: a = m + (112 << 23) is right for normal numbers. For subnormal ones it is
/// b = (m + (113 << 23)) - 2^-14, subtracted as floats. For every m the right one is the smaller,
/// and positive floats order as their bits do. No float is subnormal on the way, as it would be in
/// the usual multiplication by 2^112: that costs more than a hundred cycles a vector, and scales
/// of K-quants are often subnormal. Packing refuses infinities.
final class BlockScales {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int LINE = 64;
    private static final int VECTOR = I.vectorByteSize();
    private static final int MAGNITUDE = 0x0FFFE000;
    private static final int SIGN = 0x80000000;
    private static final int NORMAL = 112 << 23;
    private static final int SUBNORMAL = 113 << 23;
    private static final float SMALLEST_NORMAL = 0x1p-14f;

    private BlockScales() {
    }

    static void read(PackedStep step, float[] scales, float[] minimums) {
        switch (step.format.scales) {
            case NONE -> Arrays.fill(scales, 0, step.count * 32, 1f);
            case HALF -> halves(step.memory, step.scales, step.scaleStride, step.count, scales, 0);
            case HALF_MINIMUM -> {
                halves(step.memory, step.scales, step.scaleStride, step.count, scales, 0);
                halves(step.memory, step.scales + LINE, step.scaleStride, step.count, minimums, 0);
            }
            case BRAIN -> brains(step, scales);
            case BYTES -> {
                if (step.format.blockColumns == 16) {
                    bytes(step, 8, scales);
                } else {
                    bytes(step, 4, scales);
                }
            }
            case BYTES_MINIMUM -> bytesMinimum(step, scales, minimums);
            case NIBBLES_MINIMUM -> nibblesMinimum(step, scales, minimums);
        }
    }

    /// `count` lines of float16, the first at `from`, to [count][32 rows].
    private static void halves(MemorySegment w, long from, int stride, int count, float[] to,
            int toFrom) {
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                long at = from + (long) b * stride + lane;
                IntVector v = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int row = toFrom + b * 32 + lane / 4;
                IntVector m = v.lanewise(LSHL, 13).and(MAGNITUDE);
                m.add(NORMAL).min(m.add(SUBNORMAL).reinterpretAsFloats().sub(SMALLEST_NORMAL)
                        .reinterpretAsInts()).or(v.lanewise(LSHL, 16).and(SIGN))
                        .reinterpretAsFloats().intoArray(to, row);
                m = v.lanewise(LSHR, 3).and(MAGNITUDE);
                m.add(NORMAL).min(m.add(SUBNORMAL).reinterpretAsFloats().sub(SMALLEST_NORMAL)
                        .reinterpretAsInts()).or(v.and(SIGN))
                        .reinterpretAsFloats().intoArray(to, row + 16);
            }
        }
    }

    private static void brains(PackedStep step, float[] to) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                long at = step.scales + (long) b * step.scaleStride + lane;
                IntVector v = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int row = b * 32 + lane / 4;
                v.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(to, row);
                v.and(0xFFFF0000).reinterpretAsFloats().intoArray(to, row + 16);
            }
        }
    }

    /// scale = d * signed byte
    private static void bytes(PackedStep step, int words, float[] scales) {
        MemorySegment w = step.memory;
        float[] d = step.unitScales;
        halves(w, step.scales, 0, 1, d, 0);
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            long at = step.scales + LINE + lane;
            FloatVector low = FloatVector.fromArray(F, d, lane / 4);
            FloatVector high = FloatVector.fromArray(F, d, lane / 4 + 16);
            for (int i = 0; i < words; i++) {
                IntVector v = IntVector.fromMemorySegment(I, w, at + (long) i * LINE,
                        LITTLE_ENDIAN);
                int row = 2 * i * 32 + lane / 4;
                low.mul(v.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
                        .intoArray(scales, row);
                high.mul(v.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
                        .intoArray(scales, row + 16);
                low.mul(v.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
                        .intoArray(scales, row + 32);
                high.mul(v.lanewise(ASHR, 24).convert(I2F, 0)).intoArray(scales, row + 48);
            }
        }
    }

    /// scale = d * lower byte, minimum = -(dmin * upper byte)
    private static void bytesMinimum(PackedStep step, float[] scales, float[] minimums) {
        MemorySegment w = step.memory;
        float[] d = step.unitScales;
        int count = step.count;
        halves(w, step.scales, LINE, 2, d, 0);
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            long at = step.scales + 2 * LINE + lane;
            FloatVector low = FloatVector.fromArray(F, d, lane / 4);
            FloatVector high = FloatVector.fromArray(F, d, lane / 4 + 16);
            FloatVector lowMin = FloatVector.fromArray(F, d, lane / 4 + 32).neg();
            FloatVector highMin = FloatVector.fromArray(F, d, lane / 4 + 48).neg();
            for (int b = 0; b < count; b++) {
                IntVector v = IntVector.fromMemorySegment(I, w, at + (long) b * LINE,
                        LITTLE_ENDIAN);
                int row = b * 32 + lane / 4;
                low.mul(v.and(0xFF).convert(I2F, 0)).intoArray(scales, row);
                lowMin.mul(v.lanewise(LSHR, 8).and(0xFF).convert(I2F, 0))
                        .intoArray(minimums, row);
                high.mul(v.lanewise(LSHR, 16).and(0xFF).convert(I2F, 0))
                        .intoArray(scales, row + 16);
                highMin.mul(v.lanewise(LSHR, 24).convert(I2F, 0)).intoArray(minimums, row + 16);
            }
        }
    }

    /// scale = d * lower nibble, minimum = -(dmin * upper nibble), two blocks a word
    private static void nibblesMinimum(PackedStep step, float[] scales, float[] minimums) {
        MemorySegment w = step.memory;
        float[] d = step.unitScales;
        int count = step.count;
        halves(w, step.scales, LINE, 2, d, 0);
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int half = 0; half < 2; half++) {
                int unitRow = lane / 4 + 16 * half;
                FloatVector scale = FloatVector.fromArray(F, d, unitRow);
                FloatVector min = FloatVector.fromArray(F, d, unitRow + 32).neg();
                for (int i = 0; i < count; i++) {
                    IntVector v = IntVector.fromMemorySegment(I, w,
                            step.scales + 2 * LINE + (long) i * LINE + lane, LITTLE_ENDIAN)
                            .lanewise(LSHR, 16 * half);
                    int row = 2 * i * 32 + unitRow;
                    scale.mul(v.and(15).convert(I2F, 0)).intoArray(scales, row);
                    min.mul(v.lanewise(LSHR, 4).and(15).convert(I2F, 0)).intoArray(minimums, row);
                    scale.mul(v.lanewise(LSHR, 8).and(15).convert(I2F, 0))
                            .intoArray(scales, row + 32);
                    min.mul(v.lanewise(LSHR, 12).and(15).convert(I2F, 0))
                            .intoArray(minimums, row + 32);
                }
            }
        }
    }
}
