package dev.sluice.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Decodes tiles of [KvLayout#TILE] positions to floats in arrays, where the attention kernels
/// read them. Decoding is exact (a half, or a half times an 8-bit code), so the kernels compute
/// on what is stored, whatever the storage. Owns scratch; one instance per worker.
///
/// Halves go through a copy into an array because C2 turns a plain loop over arrays into vector
/// conversions (F16C), which it does not do for a loop over a segment, and the Vector API has no
/// such conversion.
final class KvReader {
    private static final int TILE = KvLayout.TILE;
    private static final VectorSpecies<Float> S = VectorFunctions.SPECIES;
    private static final int L = S.length();
    private static final VectorSpecies<Integer> INTS = S.withLanes(int.class);
    private static final VectorSpecies<Short> HALVES =
            VectorSpecies.of(short.class, VectorShape.forBitSize(16 * L));
    /// As many codes as floats in a vector, but the shortest vector of bytes has eight.
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * L)));
    private static final int PARTS = BYTES.length() / L;

    private short[] halves = new short[0];
    private byte[] codes = new byte[0];
    private float[] scales = new float[0];
    private float[] plain = new float[0];

    /// Room for tiles of `dim` elements a position.
    void reserve(int dim) {
        int elements = dim * TILE;
        if (plain.length < elements) {
            halves = new short[elements];
            codes = new byte[elements];
            scales = new float[(dim / 32 + 1) * TILE];
            plain = new float[elements];
        }
    }

    /// Keys of `head` at positions first..first+TILE of the sequence whose pages are row
    /// `sequence` of `pageTable`, turned: tile [keyDim, TILE]. Only pages that hold a position
    /// in from..to are read; columns of the other pages keep what they had.
    void keys(KvPages pages, Matrix pageTable, int sequence, int head, int first, int from, int to,
            float[] tile) {
        int dim = pages.keyDim();
        if (pages.pageSize() >= TILE) {
            int page = pageTable.i32(sequence, first / pages.pageSize());
            long at = KvLayout.keyTile(pages, page, head, first % pages.pageSize());
            decodeTurned(pages, at, dim, TILE, tile);
            return;
        }
        int size = pages.pageSize();
        for (int p = first; p < first + TILE; p += size) {
            if (p >= to || p + size <= from) {
                continue;
            }
            int page = pageTable.i32(sequence, p / size);
            decodeTurned(pages, KvLayout.keyTile(pages, page, head, 0), dim, size, plain);
            for (int d = 0; d < dim; d++) {
                System.arraycopy(plain, d * size, tile, d * TILE + p - first, size);
            }
        }
    }

    /// Values (or latent rows) as [#keys], in rows: tile [TILE, stride], of which the first
    /// valueDim (keyDim when latent) columns are written.
    void rows(KvPages pages, Matrix pageTable, int sequence, int head, int first, int from, int to,
            float[] tile, int stride) {
        int size = Math.min(TILE, pages.pageSize());
        for (int p = first; p < first + TILE; p += size) {
            if (p >= to || p + size <= from) {
                continue;
            }
            int page = pageTable.i32(sequence, p / pages.pageSize());
            int offset = p % pages.pageSize();
            int dim = pages.latent() ? pages.keyDim() : pages.valueDim();
            MemorySegment memory = pages.latent() ? pages.keys().memory() : pages.values().memory();
            long at = pages.latent() ? KvLayout.keyTile(pages, page, head, offset)
                    : KvLayout.valueTile(pages, page, head, offset);
            if (stride == dim) {
                decodeRows(pages, memory, at, dim, size, tile, (p - first) * stride);
                continue;
            }
            decodeRows(pages, memory, at, dim, size, plain, 0);
            for (int r = 0; r < size; r++) {
                System.arraycopy(plain, r * dim, tile, (p - first + r) * stride, dim);
            }
        }
    }

    private void decodeTurned(KvPages pages, long at, int dim, int positions, float[] out) {
        MemorySegment memory = pages.keys().memory();
        int count = dim * positions;
        switch (pages.dtype()) {
            case F32, F16, BF16 -> decode(pages, memory, at, count, out, 0);
            case Q8_0 -> {
                MemorySegment.copy(memory, JAVA_BYTE, at, codes, 0, count);
                readScales(memory, at + count, count / 32);
                if (positions % BYTES.length() == 0) {
                    multiplyTurned(codes, scales, dim, positions, out);
                } else {
                    multiplyShort(codes, scales, dim, positions, out);
                }
            }
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> throw new IllegalArgumentException("KV in " + pages.dtype());
        }
    }

    private void decodeRows(KvPages pages, MemorySegment memory, long at, int dim, int positions,
            float[] out, int outAt) {
        int count = dim * positions;
        switch (pages.dtype()) {
            case F32, F16, BF16 -> decode(pages, memory, at, count, out, outAt);
            case Q8_0 -> {
                MemorySegment.copy(memory, JAVA_BYTE, at, codes, 0, count);
                readScales(memory, at + count, count / 32);
                multiplyRows(codes, scales, count / 32, out, outAt);
            }
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> throw new IllegalArgumentException("KV in " + pages.dtype());
        }
    }

    private void decode(KvPages pages, MemorySegment memory, long at, int count, float[] out,
            int outAt) {
        switch (pages.dtype()) {
            case F32 -> MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, at, out, outAt, count);
            case F16 -> {
                MemorySegment.copy(memory, JAVA_SHORT_UNALIGNED, at, halves, 0, count);
                fromF16(halves, count, out, outAt);
            }
            case BF16 -> {
                MemorySegment.copy(memory, JAVA_SHORT_UNALIGNED, at, halves, 0, count);
                fromBf16(halves, count, out, outAt);
            }
            case Q8_0, I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS,
                    MXFP4, F8_E4M3 -> throw new IllegalArgumentException("KV in " + pages.dtype());
        }
    }

    private void readScales(MemorySegment memory, long at, int count) {
        MemorySegment.copy(memory, JAVA_SHORT_UNALIGNED, at, halves, 0, count);
        fromF16(halves, count, scales, 0);
    }

    private static void fromF16(short[] in, int count, float[] out, int outAt) {
        for (int i = 0; i < count; i++) {
            out[outAt + i] = Float.float16ToFloat(in[i]);
        }
    }

    private static void fromBf16(short[] in, int count, float[] out, int outAt) {
        int i = 0;
        for (; i + L <= count; i += L) {
            ((IntVector) ShortVector.fromArray(HALVES, in, i).castShape(INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats()
                    .intoArray(out, outAt + i);
        }
        for (; i < count; i++) {
            out[outAt + i] = Float.intBitsToFloat(in[i] << 16);
        }
    }

    /// out [blocks, 32] at outAt.. = scales [blocks] * codes [blocks, 32]
    private static void multiplyRows(byte[] codes, float[] scales, int blocks, float[] out,
            int outAt) {
        for (int b = 0; b < blocks; b++) {
            FloatVector scale = FloatVector.broadcast(S, scales[b]);
            for (int i = 32 * b; i < 32 * b + 32; i += BYTES.length()) {
                ByteVector c = ByteVector.fromArray(BYTES, codes, i);
                ((FloatVector) c.castShape(S, 0)).mul(scale).intoArray(out, outAt + i);
                if (PARTS == 2) {
                    ((FloatVector) c.castShape(S, 1)).mul(scale).intoArray(out, outAt + i + L);
                }
            }
        }
    }

    /// out [dim, positions] = scales [dim/32, positions] * codes [dim, positions]
    private static void multiplyTurned(byte[] codes, float[] scales, int dim, int positions,
            float[] out) {
        for (int b = 0; b < dim / 32; b++) {
            for (int p = 0; p < positions; p += BYTES.length()) {
                FloatVector scale0 = FloatVector.fromArray(S, scales, b * positions + p);
                FloatVector scale1 = PARTS == 1 ? scale0
                        : FloatVector.fromArray(S, scales, b * positions + p + L);
                for (int d = 32 * b; d < 32 * b + 32; d++) {
                    int i = d * positions + p;
                    ByteVector c = ByteVector.fromArray(BYTES, codes, i);
                    ((FloatVector) c.castShape(S, 0)).mul(scale0).intoArray(out, i);
                    if (PARTS == 2) {
                        ((FloatVector) c.castShape(S, 1)).mul(scale1).intoArray(out, i + L);
                    }
                }
            }
        }
    }

    /// As [#multiplyTurned] for tiles shorter than a vector.
    private static void multiplyShort(byte[] codes, float[] scales, int dim, int positions,
            float[] out) {
        for (int d = 0; d < dim; d++) {
            for (int p = 0; p < positions; p++) {
                out[d * positions + p] = scales[d / 32 * positions + p] * codes[d * positions + p];
            }
        }
    }
}
