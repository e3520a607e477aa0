package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Rows made ready for a product, written for TornadoVM: what `stage.cl` is for the C kernels, with
/// the same codes. And what moves bytes between the host's staging array and the memory.
final class StageKernels {
    private StageKernels() { }

    /// Row that stands at place i of an order, which begins at word `order`.
    private static int sourceRow(IntArray words, int order, int ordered, int divisor, int i) {
        return ordered != 0 ? words.get(order + i) / divisor : i;
    }

    /// How many rows there are: the last of the `starts`, where there is an order.
    private static int rowCount(IntArray words, int starts, int groups, int ordered, int rows) {
        return ordered != 0 ? words.get(starts + groups) : rows;
    }

    // Every 32 columns: amax = max |x|, q = rint(x * (127 / amax)), ties to even; the scale is
    // amax / 127 rounded to half precision where that is a normal number. A block whose 127 / amax
    // is infinite counts as zero. One lane a block.
    static void quantiseRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int ordered = numbers.get(6);
        int rows = numbers.get(8);
        int blocks = numbers.get(9) / 32;
        int at = context.globalIdx;
        int row = at / blocks;
        if (row < rows
                && row < rowCount(words, numbers.get(4), numbers.get(5), ordered, rows)) {
            int source = sourceRow(words, numbers.get(3), ordered, numbers.get(7), row);
            int in = numbers.get(0) + source * numbers.get(1) + numbers.get(2) + 32 * (at % blocks);
            // The bits of |x| order as |x| does, NaN last.
            int bits = 0;
            int largest = in;
            for (int i = 0; i < 32; i++) {
                int magnitude = words.get(in + i) & 0x7FFFFFFF;
                if (magnitude > bits) {
                    bits = magnitude;
                    largest = in + i;
                }
            }
            float signed = floats.get(largest);
            float amax = signed < 0.0f ? -signed : signed;
            float inverse = 127.0f / amax;
            float d = scale(amax / 127.0f, (bits >> 23) - 134);
            if (inverse == Float.POSITIVE_INFINITY) {
                inverse = 0.0f;
                d = 0.0f;
            }
            floats.set(numbers.get(11) + at, d);
            codes(numbers, words, floats, in, at, inverse);
        }
    }

    /// d in half precision where that is a normal number; 2^exponent <= d < 2^(exponent + 2).
    private static float scale(float d, int exponent) {
        float scale = d;
        if (d >= 6.0e-5f && d <= 65520.0f) {
            // A half has 10 bits behind the first, and no finer step than 2^-24.
            float power = Words.powerOfTwo(exponent + 24);
            float step = d * 16777216.0f >= 2.0f * power ? 2.0f * power : power;
            float unit = larger(step * 0.0009765625f, 1.0f) * 5.9604645e-8f;
            float rounded = Words.nearest(d / unit) * unit;
            if (rounded >= 6.1035156e-5f && rounded <= 65504.0f) {
                scale = rounded;
            }
        }
        return scale;
    }

    private static float larger(float a, float b) {
        return a > b ? a : b;
    }

    private static void codes(IntArray numbers, IntArray words, FloatArray floats, int in, int at,
            float inverse) {
        for (int h = 0; h < 2; h++) {
            int sum = 0;
            for (int w = 0; w < 4; w++) {
                int word = 0;
                for (int i = 0; i < 4; i++) {
                    float value = floats.get(in + 16 * h + 4 * w + i) * inverse;
                    int q = (int) Words.nearest(value);
                    sum = sum + q;
                    word = word | (q & 255) << (8 * i);
                }
                words.set(numbers.get(10) + at * 8 + 4 * h + w, word);
            }
            words.set(numbers.get(12) + at * 2 + h, sum);
        }
    }

    // The same rows as they are, for float encodings: out [rows, cols].
    static void orderRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int ordered = numbers.get(6);
        int rows = numbers.get(8);
        int cols = numbers.get(9);
        int at = context.globalIdx;
        int row = at / cols;
        if (row < rows
                && row < rowCount(words, numbers.get(4), numbers.get(5), ordered, rows)) {
            int source = sourceRow(words, numbers.get(3), ordered, numbers.get(7), row);
            int in = numbers.get(0) + source * numbers.get(1) + numbers.get(2);
            floats.set(numbers.get(10) + at, floats.get(in + at % cols));
        }
    }

    // Order of the rows t * heads + h of a step by heads. starts [heads + 1],
    // order [rows * heads], tiles [2, tileMax]: group and first row of each tile.
    static void orderHeads(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int rows = numbers.get(0);
        int heads = numbers.get(1);
        int tileRows = numbers.get(2);
        int tiles = numbers.get(5);
        int tileMax = numbers.get(6);
        int perHead = (rows + tileRows - 1) / tileRows;
        int i = context.globalIdx;
        if (i <= heads) {
            words.set(numbers.get(3) + i, i * rows);
        }
        if (i < rows * heads) {
            words.set(numbers.get(4) + i, i % rows * heads + i / rows);
        }
        if (i < tileMax) {
            int head = i / perHead;
            words.set(tiles + i, head < heads ? head : -1);
            words.set(tiles + tileMax + i, head * rows + i % perHead * tileRows);
        }
    }

    // ---- memory -------------------------------------------------------------------------------

    // `count` words at `to` become `value`
    static void fillWords(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            words.set(numbers.get(0) + i, numbers.get(2));
        }
    }

    // `count` words at `to` become those at `from`; the two do not overlap
    static void copyWords(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(2)) {
            words.set(numbers.get(1) + i, words.get(numbers.get(0) + i));
        }
    }

    // `count` words at `to` become the staged ones
    static void writeWords(KernelContext context, IntArray numbers, IntArray staging,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            words.set(numbers.get(0) + i, staging.get(i));
        }
    }

    // `count` words at `from` are staged
    static void readWords(KernelContext context, IntArray numbers, IntArray staging,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            staging.set(i, words.get(numbers.get(0) + i));
        }
    }
}
