package dev.sluice.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// One row of x, quantised to 8 bits, in the form that the integer kernels read. Reused from call
/// to call; one worker at a time fills it, all read it.
///
/// Every 32 columns: amax = max |x|, d = [#scale] of it, q = rint(x * (127 / amax)), ties to even,
/// so -127 <= q <= 127. A block whose amax is so small that 127 / amax is infinite (below 4e-37)
/// counts as zero. Infinite or NaN inputs make d, and so the outputs, infinite or NaN.
final class QuantisedRow {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    /// Adding and taking away 1.5 * 2^23 rounds a float below 2^22 to an integer, ties to even.
    private static final float ROUND = 12582912f;
    private static final float HALF_LEAST = 0x1p-14f;
    private static final float HALF_LARGEST = 65504f;

    /// Columns of x, then zeros up to the padded width; [#quantise] replaces them by q.
    float[] values = {};
    /// q of each column in both halves of an integer.
    int[] pairs = {};
    /// For each even column and the next, see [CodeDots#bytes].
    int[] corrections = {};
    /// d, sum of q, and d * sum of q, of each block of the format's 16 or 32 columns.
    float[] scales = {};
    int[] sums = {};
    float[] scaledSums = {};

    /// Makes room for rows of `columns`.
    void reserve(int columns) {
        if (values.length < columns) {
            values = new float[columns];
            pairs = new int[columns];
            corrections = new int[columns];
            scales = new float[columns / 16];
            sums = new int[columns / 16];
            scaledSums = new float[columns / 16];
        }
    }

    /// Quantises `values` in place, with scales and sums of blocks of 16 or 32.
    void quantise(int columns, int blockColumns) {
        for (int k = 0; k < columns; k += 32) {
            float d = quantiseBlock(values, k);
            scales[k / blockColumns] = d;
            scales[(k + 16) / blockColumns] = d;
        }
        sumBlocks(columns, blockColumns);
    }

    /// x as it is, for formats that multiply floats: scales are 1.
    void keep(int columns) {
        Arrays.fill(scales, 0, columns / 32, 1f);
    }

    private static float quantiseBlock(float[] x, int from) {
        // The bits of |x| order as |x| does, NaN last, and an integer maximum has one order only.
        IntVector bits = IntVector.zero(I);
        for (int i = 0; i < 32; i += F.length()) {
            bits = bits.max(FloatVector.fromArray(F, x, from + i).reinterpretAsInts()
                    .and(Integer.MAX_VALUE));
        }
        float amax = Float.intBitsToFloat(bits.reduceLanes(VectorOperators.MAX));
        float inverse = 127f / amax;
        if (inverse == Float.POSITIVE_INFINITY) {
            Arrays.fill(x, from, from + 32, 0f);
            return 0f;
        }
        for (int i = 0; i < 32; i += F.length()) {
            FloatVector.fromArray(F, x, from + i).mul(inverse).add(ROUND).sub(ROUND)
                    .intoArray(x, from + i);
        }
        return scale(amax);
    }

    /// amax / 127, rounded to half precision as ggml's Q8_0 has it: an expert whose score is almost
    /// another's is then chosen as llama.cpp chooses it. Where half precision has no normal number
    /// near, it stays a float.
    static float scale(float amax) {
        float d = amax / 127f;
        float half = Float.float16ToFloat(Float.floatToFloat16(d));
        return half >= HALF_LEAST && half <= HALF_LARGEST ? half : d;
    }

    private void sumBlocks(int columns, int blockColumns) {
        for (int k = 0, b = 0; k < columns; k += blockColumns, b++) {
            IntVector sum = IntVector.zero(I);
            for (int i = 0; i < blockColumns; i += I.length()) {
                sum = sum.add(FloatVector.fromArray(F, values, k + i)
                        .convert(VectorOperators.F2I, 0));
            }
            sums[b] = sum.reduceLanes(VectorOperators.ADD);
            scaledSums[b] = scales[b] * sums[b];
        }
    }

    /// Fills `pairs` from q, and `corrections` for 8-bit codes.
    void pair(int columns, boolean correct) {
        float[] q = values;
        int[] to = pairs;
        for (int k = 0; k < columns; k++) {
            int code = (int) q[k];
            to[k] = code << 16 | code & 0xFFFF;
        }
        if (correct) {
            correct(columns);
        }
    }

    /// Sums of every two neighbours, of which only the even ones are read: without a stride the
    /// loop becomes vector code.
    private void correct(int columns) {
        float[] q = values;
        int[] to = corrections;
        for (int k = 0; k < columns - 1; k++) {
            int word = -128 * ((int) q[k] + (int) q[k + 1]);
            to[k] = word << 16 | (word + 0x8000) & 0xFFFF;
        }
    }
}
