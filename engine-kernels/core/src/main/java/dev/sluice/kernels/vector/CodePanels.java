package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.IntVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.OR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// Decodes a step into a panel of floats, [columns][32 rows]: `code - zero` of quantised formats
/// (an integer, the scale is applied to block sums), the value itself of float formats.
///
/// A code below 2^23 becomes a float without a conversion: placed in the fraction of 2^23 it reads
/// as 2^23 + code, and taking away `2^23 + zero` is exact.
final class CodePanels {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final int LINE = 64;
    private static final int VECTOR = I.vectorByteSize();
    private static final int FLOAT_BITS = 0x4B000000;

    private CodePanels() {
    }

    static void decode(PackedStep step, float[] panel) {
        float base = 0x1p23f + step.format.zero;
        switch (step.format.codes) {
            case FLOAT32 -> floats(step, panel);
            case FLOAT16 -> halves(step, panel);
            case BFLOAT16 -> brains(step, panel);
            case BYTE -> bytes(step, base, panel);
            case NIBBLE -> nibbles(step, base, panel);
            case FLOAT8, NIBBLE_1, NIBBLE_2, PAIR, PAIR_1, TABLE, TABLE_SMALL ->
                throw new UnsupportedOperationException(step.format + " is not packed yet");
        }
    }

    private static void floats(PackedStep step, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 32 * 32;
        for (int i = 0; i < count; i += F.length()) {
            // A unit of F32 is 32 columns without scales, so that the step is one run of floats.
            FloatVector.fromMemorySegment(F, w, step.codes + 4L * i, LITTLE_ENDIAN)
                    .intoArray(panel, i);
        }
    }

    private static void halves(PackedStep step, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 32;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int k = 0; k < count; k++) {
                IntVector v = fromMemorySegment(I, w, step.codes + (long) k * LINE + lane,
                        LITTLE_ENDIAN);
                int to = k * 32 + lane / 4;
                v.lanewise(LSHL, 16).lanewise(ASHR, 3).and(0x8FFFE000).reinterpretAsFloats()
                        .mul(0x1p112f).intoArray(panel, to);
                v.lanewise(ASHR, 3).and(0x8FFFE000).reinterpretAsFloats()
                        .mul(0x1p112f).intoArray(panel, to + 16);
            }
        }
    }

    private static void brains(PackedStep step, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 32;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int k = 0; k < count; k++) {
                IntVector v = fromMemorySegment(I, w, step.codes + (long) k * LINE + lane,
                        LITTLE_ENDIAN);
                int to = k * 32 + lane / 4;
                v.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(panel, to);
                v.and(0xFFFF0000).reinterpretAsFloats().intoArray(panel, to + 16);
            }
        }
    }

    private static void bytes(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 16;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i >> 4;
                int n = i & 15;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int to = i * 64 + lane / 4;
                v.and(255).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(255).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 8).and(255).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 24).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
            }
        }
    }

    /// 4-bit codes, 4 columns a word.
    private static void nibbles(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 8;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i >> 3;
                int n = i & 7;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int to = i * 128 + lane / 4;
                v.and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 4).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 20).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 8).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 24).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 12).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 28).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
            }
        }
    }
}
