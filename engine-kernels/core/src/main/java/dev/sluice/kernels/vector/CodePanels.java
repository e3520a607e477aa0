package dev.sluice.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.IntVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.OR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
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
            case NIBBLE_1 -> nibbles1(step, base, panel);
            case NIBBLE_2 -> nibbles2(step, base, panel);
            case PAIR -> pairs(step, base, panel);
            case PAIR_1 -> pairs1(step, base, panel);
            case TABLE -> tables(step, base, CodeTables.NONLINEAR, panel);
            case TABLE_SMALL -> tables(step, base, CodeTables.E2M1, panel);
            case FLOAT8 -> float8(step, panel);
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
                // As in BlockScales, without subnormal floats on the way.
                IntVector m = v.lanewise(LSHL, 13).and(0x0FFFE000);
                m.add(112 << 23).min(m.add(113 << 23).reinterpretAsFloats().sub(0x1p-14f)
                        .reinterpretAsInts()).or(v.lanewise(LSHL, 16).and(0x80000000))
                        .reinterpretAsFloats().intoArray(panel, to);
                m = v.lanewise(LSHR, 3).and(0x0FFFE000);
                m.add(112 << 23).min(m.add(113 << 23).reinterpretAsFloats().sub(0x1p-14f)
                        .reinterpretAsInts()).or(v.and(0x80000000))
                        .reinterpretAsFloats().intoArray(panel, to + 16);
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
                v.lanewise(LSHR, 16).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 8).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
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
                v.lanewise(LSHR, 16).and(15)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 4).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 20).and(15)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 8).and(15).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 24).and(15)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 12).and(15)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 28).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
            }
        }
    }

    /// 5-bit codes: 4 bits, and 1 in the upper plane.
    private static void nibbles1(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 8;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 8;
                int n = i % 8;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                IntVector u = fromMemorySegment(I, w, step.upper
                        + (long) b * step.upperStride + n / 4 * LINE + lane, LITTLE_ENDIAN)
                        .lanewise(LSHR, n % 4 * 4);
                int to = i * 128 + lane / 4;
                v.and(15)
                        .or(u.lanewise(LSHL, 4).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(15)
                        .or(u.lanewise(LSHR, 12).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 4).and(15)
                        .or(u.lanewise(LSHL, 3).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 20).and(15)
                        .or(u.lanewise(LSHR, 13).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 8).and(15)
                        .or(u.lanewise(LSHL, 2).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 24).and(15)
                        .or(u.lanewise(LSHR, 14).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 12).and(15)
                        .or(u.lanewise(LSHL, 1).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 28).and(15)
                        .or(u.lanewise(LSHR, 15).and(16))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
            }
        }
    }

    /// 6-bit codes: 4 bits, and 2 in the upper plane.
    private static void nibbles2(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 8;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 8;
                int n = i % 8;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                IntVector u = fromMemorySegment(I, w, step.upper
                        + (long) b * step.upperStride + n / 2 * LINE + lane, LITTLE_ENDIAN)
                        .lanewise(LSHR, n % 2 * 8);
                int to = i * 128 + lane / 4;
                v.and(15)
                        .or(u.lanewise(LSHL, 4).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(15)
                        .or(u.lanewise(LSHR, 12).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 4).and(15)
                        .or(u.lanewise(LSHL, 2).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 20).and(15)
                        .or(u.lanewise(LSHR, 14).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 8).and(15)
                        .or(u.and(48)).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 24).and(15)
                        .or(u.lanewise(LSHR, 16).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 12).and(15)
                        .or(u.lanewise(LSHR, 2).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 28).and(15)
                        .or(u.lanewise(LSHR, 18).and(48))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
            }
        }
    }

    /// 2-bit codes, 8 columns a word.
    private static void pairs(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 4;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 4;
                int n = i % 4;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                int to = i * 256 + lane / 4;
                v.and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 2).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 18).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 4).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 20).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 6).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 22).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
                v.lanewise(LSHR, 8).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 128);
                v.lanewise(LSHR, 24).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 144);
                v.lanewise(LSHR, 10).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 160);
                v.lanewise(LSHR, 26).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 176);
                v.lanewise(LSHR, 12).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 192);
                v.lanewise(LSHR, 28).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 208);
                v.lanewise(LSHR, 14).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 224);
                v.lanewise(LSHR, 30).and(3).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 240);
            }
        }
    }

    /// 3-bit codes: 2 bits, and 1 in the upper plane.
    private static void pairs1(PackedStep step, float base, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 4;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 4;
                int n = i % 4;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                IntVector u = fromMemorySegment(I, w, step.upper
                        + (long) b * step.upperStride + n / 2 * LINE + lane, LITTLE_ENDIAN)
                        .lanewise(LSHR, n % 2 * 8);
                int to = i * 256 + lane / 4;
                v.and(3)
                        .or(u.lanewise(LSHL, 2).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                v.lanewise(LSHR, 16).and(3)
                        .or(u.lanewise(LSHR, 14).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                v.lanewise(LSHR, 2).and(3)
                        .or(u.lanewise(LSHL, 1).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                v.lanewise(LSHR, 18).and(3)
                        .or(u.lanewise(LSHR, 15).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                v.lanewise(LSHR, 4).and(3)
                        .or(u.and(4)).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                v.lanewise(LSHR, 20).and(3)
                        .or(u.lanewise(LSHR, 16).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                v.lanewise(LSHR, 6).and(3)
                        .or(u.lanewise(LSHR, 1).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                v.lanewise(LSHR, 22).and(3)
                        .or(u.lanewise(LSHR, 17).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
                v.lanewise(LSHR, 8).and(3)
                        .or(u.lanewise(LSHR, 2).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 128);
                v.lanewise(LSHR, 24).and(3)
                        .or(u.lanewise(LSHR, 18).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 144);
                v.lanewise(LSHR, 10).and(3)
                        .or(u.lanewise(LSHR, 3).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 160);
                v.lanewise(LSHR, 26).and(3)
                        .or(u.lanewise(LSHR, 19).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 176);
                v.lanewise(LSHR, 12).and(3)
                        .or(u.lanewise(LSHR, 4).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 192);
                v.lanewise(LSHR, 28).and(3)
                        .or(u.lanewise(LSHR, 20).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 208);
                v.lanewise(LSHR, 14).and(3)
                        .or(u.lanewise(LSHR, 5).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 224);
                v.lanewise(LSHR, 30).and(3)
                        .or(u.lanewise(LSHR, 21).and(4))
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 240);
            }
        }
    }

    /// Indices of 16 bytes, 4 columns a word.
    private static void tables(PackedStep step, float base, ByteVector table,
            float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 8;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 8;
                int n = i % 8;
                long at = step.codes + (long) b * step.codeStride + n * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                IntVector even = v.and(0x0F0F0F0F).reinterpretAsBytes().selectFrom(table)
                        .reinterpretAsInts();
                IntVector odd = v.lanewise(LSHR, 4).and(0x0F0F0F0F).reinterpretAsBytes()
                        .selectFrom(table).reinterpretAsInts();
                int to = i * 128 + lane / 4;
                even.and(255).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to);
                even.lanewise(LSHR, 16).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 16);
                odd.and(255).lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 32);
                odd.lanewise(LSHR, 16).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 48);
                even.lanewise(LSHR, 8).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 64);
                even.lanewise(LSHR, 24).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 80);
                odd.lanewise(LSHR, 8).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 96);
                odd.lanewise(LSHR, 24).and(255)
                        .lanewise(OR, FLOAT_BITS).reinterpretAsFloats().sub(base)
                        .intoArray(panel, to + 112);
            }
        }
    }

    /// E4M3: sign, 4 bits of exponent with bias 7, 3 of fraction; times the row's scale. A
    /// subnormal is read with the exponent one higher, less the 2^-6 that adds.
    private static void float8(PackedStep step, float[] panel) {
        MemorySegment w = step.memory;
        int count = step.count * 16;
        for (int lane = 0; lane < LINE; lane += VECTOR) {
            for (int i = 0; i < count; i++) {
                int b = i / 16;
                long unit = step.scales + (long) (b / 4) * step.scaleStride;
                long at = unit + 128 + (long) (b % 4) * 1024 + i % 16 * LINE + lane;
                IntVector v = fromMemorySegment(I, w, at, LITTLE_ENDIAN);
                FloatVector low = FloatVector.fromMemorySegment(F, w, unit + lane, LITTLE_ENDIAN);
                FloatVector high = FloatVector.fromMemorySegment(F, w, unit + LINE + lane,
                        LITTLE_ENDIAN);
                int to = i * 64 + lane / 4;
                IntVector m00 = v.lanewise(LSHL, 20).and(0x7F << 20);
                low.mul(m00.add(120 << 23).reinterpretAsFloats()
                        .blend(m00.add(121 << 23).reinterpretAsFloats().sub(0x1p-6f),
                                m00.compare(LT, 1 << 23).cast(F)).reinterpretAsInts()
                        .or(v.lanewise(LSHL, 24).and(0x80000000)).reinterpretAsFloats())
                        .intoArray(panel, to);
                IntVector m01 = v.lanewise(LSHL, 4).and(0x7F << 20);
                high.mul(m01.add(120 << 23).reinterpretAsFloats()
                        .blend(m01.add(121 << 23).reinterpretAsFloats().sub(0x1p-6f),
                                m01.compare(LT, 1 << 23).cast(F)).reinterpretAsInts()
                        .or(v.lanewise(LSHL, 8).and(0x80000000)).reinterpretAsFloats())
                        .intoArray(panel, to + 16);
                IntVector m10 = v.lanewise(LSHL, 12).and(0x7F << 20);
                low.mul(m10.add(120 << 23).reinterpretAsFloats()
                        .blend(m10.add(121 << 23).reinterpretAsFloats().sub(0x1p-6f),
                                m10.compare(LT, 1 << 23).cast(F)).reinterpretAsInts()
                        .or(v.lanewise(LSHL, 16).and(0x80000000)).reinterpretAsFloats())
                        .intoArray(panel, to + 32);
                IntVector m11 = v.lanewise(LSHR, 4).and(0x7F << 20);
                high.mul(m11.add(120 << 23).reinterpretAsFloats()
                        .blend(m11.add(121 << 23).reinterpretAsFloats().sub(0x1p-6f),
                                m11.compare(LT, 1 << 23).cast(F)).reinterpretAsInts()
                        .or(v.and(0x80000000)).reinterpretAsFloats())
                        .intoArray(panel, to + 48);
            }
        }
    }
}
