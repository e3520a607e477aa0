package dev.sluice.kernels.reference;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowMap;
import java.lang.foreign.MemorySegment;

/// Rotary embedding, the KV pages and attention of the oracle. Stateless.
///
/// A page holds pageSize * kvHeads head rows one after another, each encoded by itself, and is
/// padded to whole words:
///
///     page: | position 0: head 0, head 1, .. | position 1: head 0, .. | .. | padding |
final class ReferenceAttention {
    /// Below it the angle is the float product that the models were trained with; from here on
    /// its rounding (half a unit of 2^-7) would show in the result, so the product is a double.
    private static final int FLOAT_POSITIONS = 1 << 16;

    private ReferenceAttention() { }

    // ---- rotary embedding ---------------------------------------------------------------

    static void rotaryAngles(RopeSpec spec, Matrix positions, Matrix angles) {
        int half = spec.dims() / 2;
        for (int t = 0; t < angles.rows(); t++) {
            int position = positions.i32(t, 0);
            for (int m = 0; m < half; m++) {
                float frequency = spec.inverseFrequencies().f32(0, m);
                double angle = position < FLOAT_POSITIONS
                        ? (float) position * frequency : (double) position * frequency;
                angles.f32(t, m, (float) (spec.magnitude() * Math.cos(angle)));
                angles.f32(t, half + m, (float) (spec.magnitude() * Math.sin(angle)));
            }
        }
    }

    static void rope(Matrix x, int column, Matrix angles, RopeSpec.Pairing pairing) {
        if (x.rows() == 0) {
            return;
        }
        int heads = x.rows() / angles.rows();
        int half = angles.cols() / 2;
        for (int r = 0; r < x.rows(); r++) {
            for (int m = 0; m < half; m++) {
                int first = column + switch (pairing) {
                    case INTERLEAVED -> 2 * m;
                    case HALVES -> m;
                };
                int second = first + switch (pairing) {
                    case INTERLEAVED -> 1;
                    case HALVES -> half;
                };
                double cos = angles.f32(r / heads, m);
                double sin = angles.f32(r / heads, half + m);
                double a = x.f32(r, first);
                double b = x.f32(r, second);
                x.f32(r, first, (float) (a * cos - b * sin));
                x.f32(r, second, (float) (a * sin + b * cos));
            }
        }
    }

    // ---- pages --------------------------------------------------------------------------

    /// Words of a page of `headRows` rows of `dim` elements, or the reason why it can not be.
    static int pageWords(DType dtype, int headRows, int dim, String name) {
        boolean stored = switch (dtype) {
            case F32, F16, BF16, Q8_0 -> true;
            case I32, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> false;
        };
        if (!stored) {
            throw new IllegalArgumentException(
                    "KV is stored as F32, F16, BF16 or Q8_0, got " + dtype);
        }
        if (dim % dtype.blockElements() != 0) {
            throw new IllegalArgumentException("KV in %s needs a %s of whole blocks of %d, got %d"
                    .formatted(dtype, name, dtype.blockElements(), dim));
        }
        return Math.toIntExact((headRows * dtype.rowBytes(dim) + 3) / 4);
    }

    /// The head rows of one page: [pageSize * kvHeads, dim].
    private static Matrix page(KvPages pages, Matrix words, int dim, int page) {
        return Matrix.of(pages.dtype(), pages.pageSize() * pages.kvHeads(), dim, words.memory(),
                words.byteOffset() + page * words.dtype().rowBytes(words.cols()));
    }

    /// Columns column.. of the head rows at `slots` = rows [T, kvHeads*C].
    static void store(Matrix rows, int column, KvPages pages, Matrix words, int dim, Matrix slots) {
        int count = rows.cols() / pages.kvHeads();
        int block = pages.dtype().blockElements();
        if (column % block != 0 || count % block != 0) {
            throw new IllegalArgumentException("%s stores whole blocks of %d, got columns %d..%d"
                    .formatted(pages.dtype(), block, column, column + count));
        }
        float[] values = new float[count];
        for (int t = 0; t < rows.rows(); t++) {
            int slot = slots.i32(t, 0);
            Matrix page = page(pages, words, dim, slot / pages.pageSize());
            for (int h = 0; h < pages.kvHeads(); h++) {
                for (int c = 0; c < count; c++) {
                    values[c] = rows.f32(t, h * count + c);
                }
                int headRow = slot % pages.pageSize() * pages.kvHeads() + h;
                long at = page.byteOffset() + headRow * pages.dtype().rowBytes(dim)
                        + pages.dtype().rowBytes(column);
                encode(pages.dtype(), values, page.memory(), at);
            }
        }
    }

    private static void encode(DType dtype, float[] values, MemorySegment memory, long at) {
        if (dtype == DType.Q8_0) {
            for (int i = 0; i < values.length; i += 32) {
                encodeQ8(values, i, memory, at + i / 32 * 34L);
            }
            return;
        }
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, values[i]);
                case F16 -> memory.set(JAVA_SHORT_UNALIGNED, at + 2L * i,
                        Float.floatToFloat16(values[i]));
                case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, at + 2L * i, bf16(values[i]));
                case I32, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL,
                        IQ4_XS, MXFP4,
                        F8_E4M3 -> throw new IllegalArgumentException("KV in " + dtype);
            }
        }
    }

    /// One block of 32: d = amax / 127 in float, codes rounded half to even by it, d kept as half.
    private static void encodeQ8(float[] values, int from, MemorySegment memory, long at) {
        float largest = 0;
        for (int e = 0; e < 32; e++) {
            largest = Math.max(largest, Math.abs(values[from + e]));
        }
        float d = largest / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        memory.set(JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(d));
        for (int e = 0; e < 32; e++) {
            double code = Math.rint(values[from + e] * inverse);
            memory.set(JAVA_BYTE, at + 2 + e, (byte) Math.clamp(code, -127, 127));
        }
    }

    /// Nearest bfloat16, ties to even; a NaN stays one.
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> 16 | 64
                : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    // ---- attention ----------------------------------------------------------------------

    static void attention(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out) {
        for (int t = 0; t < q.rows(); t++) {
            for (int head = 0; head < spec.heads(); head++) {
                attend(spec, q, pages, rows, out, t, head);
            }
        }
    }

    /// One head of one row: two passes over the visible positions, scores and then the sum.
    private static void attend(AttentionSpec spec, Matrix q, KvPages pages, RowMap rows, Matrix out,
            int t, int head) {
        int kvHead = head / (spec.heads() / pages.kvHeads());
        int last = rows.positions().i32(t, 0);
        int first = spec.window() == 0 ? 0 : Math.max(0, last - spec.window() + 1);
        double[] scores = new double[last - first + 1];
        float[] key = new float[pages.keyDim()];
        for (int p = first; p <= last; p++) {
            headRow(pages, pages.keys(), pages.keyDim(), rows, t, p, kvHead, key);
            double dot = 0;
            for (int c = 0; c < key.length; c++) {
                dot += (double) q.f32(t, head * key.length + c) * key[c];
            }
            double score = spec.scale() * dot;
            scores[p - first] = spec.softcap() == 0 ? score
                    : spec.softcap() * Math.tanh(score / spec.softcap());
        }
        softmax(scores, spec.sinks().rows() == 0
                ? Double.NEGATIVE_INFINITY : spec.sinks().f32(0, head));
        Matrix words = pages.latent() ? pages.keys() : pages.values();
        int dim = pages.latent() ? pages.keyDim() : pages.valueDim();
        float[] value = new float[dim];
        double[] sum = new double[pages.valueDim()];
        for (int p = first; p <= last; p++) {
            headRow(pages, words, dim, rows, t, p, kvHead, value);
            for (int c = 0; c < sum.length; c++) {
                sum[c] += scores[p - first] * value[c];
            }
        }
        for (int c = 0; c < sum.length; c++) {
            out.f32(t, head * sum.length + c, (float) sum[c]);
        }
    }

    /// The stored row of `kvHead` at position `p` of row t's sequence.
    private static void headRow(KvPages pages, Matrix words, int dim, RowMap rows, int t, int p,
            int kvHead, float[] out) {
        int page = rows.pageTable().i32(rows.sequences().i32(t, 0), p / pages.pageSize());
        Dequantiser.row(page(pages, words, dim, page),
                p % pages.pageSize() * pages.kvHeads() + kvHead, out);
    }

    /// scores = e^score / (sum of e^score + e^sink), all less the largest of them.
    private static void softmax(double[] scores, double sink) {
        double max = sink;
        for (double score : scores) {
            max = Math.max(max, score);
        }
        double sum = Math.exp(sink - max);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(scores[i] - max);
            sum += scores[i];
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= sum;
        }
    }
}
