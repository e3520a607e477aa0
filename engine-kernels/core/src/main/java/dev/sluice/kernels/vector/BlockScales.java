package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Scales and minimums of a step as floats: `scales` and `minimums` are [blocks][32 rows], a
/// block being the format's 16 or 32 columns. Minimums carry their sign: they are added.
///
/// A float16 h becomes a float by moving its bits: exponent and fraction as they are, 13 places
/// up, times 2^112. That is exact for every finite h, subnormals included; packing refuses
/// infinities. The sign is kept by shifting arithmetically and masking its copies.
final class BlockScales {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int LINE = 64;
    private static final int VECTOR = I.vectorByteSize();
    private static final int HALF_BITS = 0x8FFFE000;
    private static final float HALF_FACTOR = 0x1p112f;

    private BlockScales() {
    }

    static void read(PackedStep step, float[] scales, float[] minimums) {
        switch (step.format.scales) {
            case NONE -> Arrays.fill(scales, 0, step.count * 32, 1f);
            case HALF -> halves(step, 0, scales);
            case HALF_MINIMUM -> {
                halves(step, 0, scales);
                halves(step, LINE, minimums);
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

    private static void halves(PackedStep step, int offset, float[] to) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int b = 0; b < count; b++) {
                long at = step.scales + (long) b * step.scaleStride + offset + lane;
                IntVector v = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int row = b * 32 + lane / 4;
                v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats()
                        .mul(HALF_FACTOR).intoArray(to, row);
                v.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats()
                        .mul(HALF_FACTOR).intoArray(to, row + 16);
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
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            long at = step.scales + lane;
            IntVector d = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN);
            FloatVector low = d.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_FACTOR);
            FloatVector high = d.lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_FACTOR);
            for (int i = 0; i < words; i++) {
                IntVector v = IntVector.fromMemorySegment(I, w, at + LINE + (long) i * LINE,
                        LITTLE_ENDIAN);
                int row = 2 * i * 32 + lane / 4;
                low.mul(v.lanewise(LSHL, 24).lanewise(ASHR, 24)
                        .convert(VectorOperators.I2F, 0)).intoArray(scales, row);
                high.mul(v.lanewise(LSHL, 8).lanewise(ASHR, 24)
                        .convert(VectorOperators.I2F, 0)).intoArray(scales, row + 16);
                low.mul(v.lanewise(LSHL, 16).lanewise(ASHR, 24)
                        .convert(VectorOperators.I2F, 0)).intoArray(scales, row + 32);
                high.mul(v.lanewise(ASHR, 24)
                        .convert(VectorOperators.I2F, 0)).intoArray(scales, row + 48);
            }
        }
    }

    /// scale = d * lower byte, minimum = -(dmin * upper byte)
    private static void bytesMinimum(PackedStep step, float[] scales, float[] minimums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            long at = step.scales + lane;
            IntVector d = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN);
            IntVector m = IntVector.fromMemorySegment(I, w, at + LINE, LITTLE_ENDIAN);
            FloatVector low = d.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_FACTOR);
            FloatVector high = d.lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_FACTOR);
            FloatVector lowMin = m.lanewise(LSHL, 16).lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(-HALF_FACTOR);
            FloatVector highMin = m.lanewise(ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(-HALF_FACTOR);
            for (int b = 0; b < count; b++) {
                IntVector v = IntVector.fromMemorySegment(I, w, at + 2 * LINE + (long) b * LINE,
                        LITTLE_ENDIAN);
                int row = b * 32 + lane / 4;
                low.mul(v.and(0xFF).convert(VectorOperators.I2F, 0)).intoArray(scales, row);
                lowMin.mul(v.lanewise(LSHR, 8).and(0xFF).convert(VectorOperators.I2F, 0))
                        .intoArray(minimums, row);
                high.mul(v.lanewise(LSHR, 16).and(0xFF).convert(VectorOperators.I2F, 0))
                        .intoArray(scales, row + 16);
                highMin.mul(v.lanewise(LSHR, 24).convert(VectorOperators.I2F, 0))
                        .intoArray(minimums, row + 16);
            }
        }
    }

    /// scale = d * lower nibble, minimum = -(dmin * upper nibble), two blocks a word
    private static void nibblesMinimum(PackedStep step, float[] scales, float[] minimums) {
        MemorySegment w = step.memory;
        int count = step.count;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            long at = step.scales + lane;
            for (int half = 0; half < 2; half++) {
                IntVector d = IntVector.fromMemorySegment(I, w, at, LITTLE_ENDIAN)
                        .lanewise(LSHL, 16 - 16 * half);
                IntVector m = IntVector.fromMemorySegment(I, w, at + LINE, LITTLE_ENDIAN)
                        .lanewise(LSHL, 16 - 16 * half);
                FloatVector scale = d.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats()
                        .mul(HALF_FACTOR);
                FloatVector min = m.lanewise(ASHR, 3).and(HALF_BITS).reinterpretAsFloats()
                        .mul(-HALF_FACTOR);
                for (int i = 0; i < count; i++) {
                    IntVector v = IntVector.fromMemorySegment(I, w,
                            at + 2 * LINE + (long) i * LINE, LITTLE_ENDIAN)
                            .lanewise(LSHR, 16 * half);
                    int row = 2 * i * 32 + lane / 4 + 16 * half;
                    scale.mul(v.and(15).convert(VectorOperators.I2F, 0)).intoArray(scales, row);
                    min.mul(v.lanewise(LSHR, 4).and(15).convert(VectorOperators.I2F, 0))
                            .intoArray(minimums, row);
                    scale.mul(v.lanewise(LSHR, 8).and(15).convert(VectorOperators.I2F, 0))
                            .intoArray(scales, row + 32);
                    min.mul(v.lanewise(LSHR, 12).and(15).convert(VectorOperators.I2F, 0))
                            .intoArray(minimums, row + 32);
                }
            }
        }
    }
}
