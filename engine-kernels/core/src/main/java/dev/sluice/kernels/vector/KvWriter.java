package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;

/// Encodes rows of keys and values into pages, one position at a time, in the order of
/// [KvLayout]. Instances may write different slots at once; one instance per worker.
final class KvWriter {
    private static final int Q8_BLOCK = 32;

    // Where the elements of the position at hand lie in its tile: element d at index
    // first + d * step, the scale of its block at index scaleFirst + d/32 * scaleStep of the
    // scales, which follow `codes` codes.
    private int first;
    private int step;
    private int scaleFirst;
    private int scaleStep;
    private int codes;

    /// Columns column..column+C of the keys at `slots` [T,1] = rows `from` to `to` of `rows`
    /// [T, kvHeads*C].
    void storeKeys(Matrix rows, int column, KvPages pages, Matrix slots, int from, int to) {
        int count = rows.cols() / pages.kvHeads();
        requireWholeBlocks(pages.dtype(), column, count);
        for (int t = from; t < to; t++) {
            int page = slots.i32(t, 0) / pages.pageSize();
            int offset = slots.i32(t, 0) % pages.pageSize();
            if (pages.latent()) {
                inRows(pages, pages.keyDim(), offset);
            } else {
                turned(pages, offset);
            }
            for (int head = 0; head < pages.kvHeads(); head++) {
                long source = rows.byteOffset() + 4 * ((long) t * rows.cols() + head * count);
                long tile = KvLayout.keyTile(pages, page, head, offset);
                encode(pages.dtype(), rows.memory(), source, count, pages.keys().memory(), tile,
                        column);
            }
        }
    }

    /// Values at `slots` [T,1] = rows `from` to `to` of `rows` [T, kvHeads*valueDim].
    void storeValues(Matrix rows, KvPages pages, Matrix slots, int from, int to) {
        int count = pages.valueDim();
        for (int t = from; t < to; t++) {
            int page = slots.i32(t, 0) / pages.pageSize();
            int offset = slots.i32(t, 0) % pages.pageSize();
            inRows(pages, count, offset);
            for (int head = 0; head < pages.kvHeads(); head++) {
                long source = rows.byteOffset() + 4 * ((long) t * rows.cols() + head * count);
                long tile = KvLayout.valueTile(pages, page, head, offset);
                encode(pages.dtype(), rows.memory(), source, count, pages.values().memory(), tile,
                        0);
            }
        }
    }

    private static void requireWholeBlocks(DType dtype, int column, int count) {
        int block = dtype.blockElements();
        if (column % block != 0 || count % block != 0) {
            throw new IllegalArgumentException("%s stores whole blocks of %d, got columns %d..%d"
                    .formatted(dtype, block, column, column + count));
        }
    }

    private void turned(KvPages pages, int offset) {
        int positions = KvLayout.tilePositions(pages);
        first = offset % positions;
        step = positions;
        scaleFirst = first;
        scaleStep = positions;
        codes = pages.keyDim() * positions;
    }

    private void inRows(KvPages pages, int dim, int offset) {
        int positions = KvLayout.tilePositions(pages);
        first = offset % positions * dim;
        step = 1;
        scaleFirst = first / Q8_BLOCK;
        scaleStep = 1;
        codes = dim * positions;
    }

    private void encode(DType dtype, MemorySegment source, long at, int count, MemorySegment target,
            long tile, int column) {
        switch (dtype) {
            case F32 -> {
                for (int d = 0; d < count; d++) {
                    target.set(JAVA_FLOAT_UNALIGNED, tile + 4L * index(column + d),
                            source.get(JAVA_FLOAT_UNALIGNED, at + 4L * d));
                }
            }
            case F16 -> {
                for (int d = 0; d < count; d++) {
                    target.set(JAVA_SHORT_UNALIGNED, tile + 2L * index(column + d),
                            Float.floatToFloat16(source.get(JAVA_FLOAT_UNALIGNED, at + 4L * d)));
                }
            }
            case BF16 -> {
                for (int d = 0; d < count; d++) {
                    target.set(JAVA_SHORT_UNALIGNED, tile + 2L * index(column + d),
                            bf16(source.get(JAVA_FLOAT_UNALIGNED, at + 4L * d)));
                }
            }
            case Q8_0 -> {
                for (int d = 0; d < count; d += Q8_BLOCK) {
                    encodeBlock(source, at + 4L * d, target, tile, column + d);
                }
            }
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> throw new IllegalArgumentException("KV in " + dtype);
        }
    }

    private long index(int d) {
        return first + (long) d * step;
    }

    /// One block of 32 as in ggml's Q8_0: scale = largest magnitude / 127, kept in float for the
    /// division and stored as a half; codes rounded half to even.
    private void encodeBlock(MemorySegment source, long at, MemorySegment target, long tile,
            int d) {
        float largest = 0;
        for (int e = 0; e < Q8_BLOCK; e++) {
            largest = Math.max(largest, Math.abs(source.get(JAVA_FLOAT_UNALIGNED, at + 4L * e)));
        }
        float scale = largest / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        long scaleIndex = scaleFirst + (long) (d / Q8_BLOCK) * scaleStep;
        target.set(JAVA_SHORT_UNALIGNED, tile + codes + 2 * scaleIndex,
                Float.floatToFloat16(scale));
        for (int e = 0; e < Q8_BLOCK; e++) {
            double code = Math.rint(source.get(JAVA_FLOAT_UNALIGNED, at + 4L * e) * inverse);
            target.set(JAVA_BYTE, tile + index(d + e), (byte) Math.clamp(code, -127, 127));
        }
    }

    /// Nearest bfloat16, ties to even; a NaN stays one.
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> 16 | 64
                : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
