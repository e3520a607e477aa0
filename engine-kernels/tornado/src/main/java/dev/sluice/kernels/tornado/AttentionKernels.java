package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Pages of keys and values, and attention over them, written for TornadoVM: layout and arithmetic
/// of `attention.cl`. `encoding` is that of the cache: F32, F16, BF16 or Q8_0.
///
/// The numbers of all attention kernels begin alike: 0 q, 1 keys, 2 keyWords, 3 keyDim, 4 values,
/// 5 valueWords, 6 valueStride, 7 valueDim, 8 pageSize, 9 kvHeads, 10 heads, 11 positions,
/// 12 sequences, 13 page table, 14 tableCols, 15 window; reals: 0 scale, 1 softcap.
final class AttentionKernels {
    private static final int SPLIT = 256;
    private static final int LANES = 64;
    /// The widest head row.
    private static final int COLUMNS_MAX = 1024;

    private AttentionKernels() { }

    /// Element c of an encoded head row at byte `row`.
    private static float element(IntArray words, FloatArray floats, long row, int c,
            int encoding) {
        float value;
        if (encoding == Encodings.Q8_0) {
            long block = row + (long) (c / 32) * 34;
            value = Words.halfAt(words, block)
                    * (float) Words.signedByteAt(words, block + 2 + c % 32);
        } else {
            value = Encodings.element(words, floats, row, c, encoding);
        }
        return value;
    }

    // ---- storing ------------------------------------------------------------------------------

    /// What to add to the word with the halfword at even byte `at`, so that it becomes `bits`.
    /// Neighbours share words, and work items may change both halves at the same time: adding what
    /// the bits differ by neither carries into the other half nor disturbs it.
    private static int change(IntArray words, long at, int bits) {
        int shift = 8 * ((int) at & 2);
        int before = words.get((int) (at >> 2)) >> shift & 65535;
        return (bits - before) << shift;
    }

    // Columns column.. + width of the head rows at `slots` [T,1] = rows [T, kvHeads * width]. One
    // lane stores an element, or a block where the encoding has blocks. The numbers: 0 rows,
    // 1 width, 2 pages, 3 pageWords, 4 pageSize, 5 kvHeads, 6 dim of a stored head row, 7 column,
    // 8 slots, 9 count.
    static void storeRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        int width = numbers.get(1);
        int pageSize = numbers.get(4);
        int kvHeads = numbers.get(5);
        int stored = encoding == Encodings.Q8_0 ? 32 : 1;
        int i = context.globalIdx;
        if (i < numbers.get(9)) {
            int units = width / stored;
            int head = i / units;
            int c = i % units * stored;
            int slot = words.get(numbers.get(8) + head / kvHeads);
            int in = numbers.get(0) + head * width + c;
            int headRow = slot % pageSize * kvHeads + head % kvHeads;
            int page = slot / pageSize;
            int column = c + numbers.get(7);
            long row = 4L * numbers.get(2) + 4L * page * numbers.get(3)
                    + headRow * Encodings.rowBytes(encoding, numbers.get(6));
            if (encoding == Encodings.F32) {
                floats.set((int) (row >> 2) + column, floats.get(in));
            } else if (encoding == Encodings.Q8_0) {
                long block = row + (long) (column / 32) * 34;
                float d = largest(floats, in) / 127.0f;
                float inverse = d == 0.0f ? 0.0f : 1.0f / d;
                context.atomicAdd(words, (int) (block >> 2), change(words, block, halfOf(d)));
                for (int e = 0; e < 16; e++) {
                    int low = code(floats.get(in + 2 * e) * inverse);
                    int high = code(floats.get(in + 2 * e + 1) * inverse);
                    long at = block + 2 + 2 * e;
                    context.atomicAdd(words, (int) (at >> 2),
                            change(words, at, (low & 255) | (high & 255) << 8));
                }
            } else {
                int bits = words.get(in);
                long at = row + 2 * column;
                context.atomicAdd(words, (int) (at >> 2), change(words, at,
                        encoding == Encodings.F16 ? Words.toHalf(bits, floats.get(in))
                                : Words.toBrain(bits)));
            }
        }
    }

    private static float largest(FloatArray floats, int in) {
        float largest = 0.0f;
        for (int e = 0; e < 32; e++) {
            float value = floats.get(in + e);
            largest = RowKernels.larger(largest, value < 0.0f ? -value : value);
        }
        return largest;
    }

    private static int code(float value) {
        return (int) RowKernels.smaller(RowKernels.larger(Words.nearest(value), -127.0f), 127.0f);
    }

    /// The half nearest to a float >= 0 whose bits are not in memory; ties to even.
    private static int halfOf(float value) {
        int half;
        if (value >= 65520.0f) {
            half = 0x7C00;
        } else {
            // The largest power of two, from 2^-14 on, that the value reaches.
            int exponent = 0;
            float power = 6.1035156e-5f;
            while (exponent < 29 && value >= 2.0f * power) {
                power = 2.0f * power;
                exponent++;
            }
            // A half has 10 bits behind the first. Rounding up to the next power carries by itself.
            int steps = (int) Words.nearest(value / (power * 0.0009765625f));
            half = exponent * 1024 + steps;
        }
        return half;
    }

    // ---- attending ----------------------------------------------------------------------------

    /// Byte where position p of the group's row has its head row of `dim` elements. Number `pages`
    /// is the word where the pages begin; the words of a page follow it.
    private static long headRow(int group, IntArray numbers, IntArray words, int encoding,
            int p, int pages, int dim) {
        int heads = numbers.get(10);
        int row = group / heads;
        int kvHead = group % heads / (heads / numbers.get(9));
        int table = numbers.get(13) + words.get(numbers.get(12) + row) * numbers.get(14);
        int page = words.get(table + p / numbers.get(8));
        int headRow = p % numbers.get(8) * numbers.get(9) + kvHead;
        return 4L * numbers.get(pages) + 4L * page * numbers.get(pages + 1)
                + headRow * Encodings.rowBytes(encoding, dim);
    }

    private static float capped(FloatArray reals, float dot) {
        float score = reals.get(0) * dot;
        float softcap = reals.get(1);
        if (softcap != 0.0f) {
            score = softcap * TornadoMath.tanh(score / softcap);
        }
        return score;
    }

    /// exp(score - most), 0 where there is no score.
    private static float weight(float score, float most) {
        float weight = 0.0f;
        if (score > Float.NEGATIVE_INFINITY) {
            weight = TornadoMath.exp(score - most);
        }
        return weight;
    }

    private static int end(IntArray numbers, IntArray words, int positions, int row) {
        return words.get(numbers.get(positions) + row) + 1;
    }

    /// The first position that a row sees.
    private static int begin(int window, int end) {
        return window == 0 || window > end ? 0 : end - window;
    }

    // One group a row and head: group x = row * heads + head. Splits of 256 positions are reduced
    // one after another, from the first that the row sees, and merged in ascending order onto the
    // sink (or nothing). Further numbers: 16 sinks, 17 sunk, 18 out.
    static void attentionRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        float[] query = context.allocateFloatLocalArray(COLUMNS_MAX);
        float[] total = context.allocateFloatLocalArray(COLUMNS_MAX);
        float[] weights = context.allocateFloatLocalArray(SPLIT);
        long[] valueAt = context.allocateLongLocalArray(SPLIT);
        float[] maxima = context.allocateFloatLocalArray(LANES);
        float[] sums = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int lanes = context.localGroupSizeX;
        int group = context.groupIdx;
        int keyDim = numbers.get(3);
        int valueDim = numbers.get(7);
        int end = end(numbers, words, 11, group / numbers.get(10));
        int begin = begin(numbers.get(15), end);
        for (int c = lane; c < keyDim; c += LANES) {
            query[c] = floats.get(numbers.get(0) + group * keyDim + c);
        }
        // Each lane keeps its own columns of the total; no other lane reads them.
        for (int c = lane; c < valueDim; c += LANES) {
            total[c] = 0.0f;
        }
        float most = Float.NEGATIVE_INFINITY;
        float sum = 0.0f;
        if (numbers.get(17) != 0) {
            most = floats.get(numbers.get(16) + group % numbers.get(10));
            sum = 1.0f;
        }
        context.localBarrier();
        for (int split = begin / SPLIT * SPLIT; split < end; split += SPLIT) {
            int from = begin > split ? begin : split;
            int to = end < split + SPLIT ? end : split + SPLIT;
            // For each of the split's 256 places: the score, minus infinity where the position is
            // not in from..to, and the byte where the value lies.
            float laneMost = Float.NEGATIVE_INFINITY;
            for (int i = lane; i < SPLIT; i += LANES) {
                int p = split + i;
                float score = Float.NEGATIVE_INFINITY;
                if (p >= from && p < to) {
                    long key = headRow(group, numbers, words, encoding, p, 1, keyDim);
                    valueAt[i] = headRow(group, numbers, words, encoding, p, 4, numbers.get(6));
                    float dot = 0.0f;
                    for (int c = 0; c < keyDim; c++) {
                        dot = dot + query[c] * element(words, floats, key, c, encoding);
                    }
                    score = capped(reals, dot);
                }
                weights[i] = score;
                laneMost = RowKernels.larger(laneMost, score);
            }
            maxima[lane] = laneMost;
            context.localBarrier();
            float splitMost = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < lanes; i++) {
                splitMost = RowKernels.larger(splitMost, maxima[i]);
            }
            float laneSum = 0.0f;
            for (int i = lane; i < SPLIT; i += LANES) {
                float weight = weight(weights[i], splitMost);
                weights[i] = weight;
                laneSum = laneSum + weight;
            }
            sums[lane] = laneSum;
            context.localBarrier();
            float splitSum = 0.0f;
            for (int i = 0; i < lanes; i++) {
                splitSum = splitSum + sums[i];
            }
            float larger = RowKernels.larger(most, splitMost);
            float before = TornadoMath.exp(most - larger);
            float after = TornadoMath.exp(splitMost - larger);
            for (int c = lane; c < valueDim; c += LANES) {
                // Values ascending, times their weights.
                float part = 0.0f;
                for (int i = from - split; i < to - split; i++) {
                    part = part + weights[i] * element(words, floats, valueAt[i], c, encoding);
                }
                total[c] = part * after + total[c] * before;
            }
            sum = splitSum * after + sum * before;
            most = larger;
            context.localBarrier();
        }
        for (int c = lane; c < valueDim; c += LANES) {
            floats.set(numbers.get(18) + group * valueDim + c, total[c] / sum);
        }
    }

    // The same in two launches, for few rows over long contexts. Group x = row * heads + head,
    // group y = split; states [rows * heads, splits, valueDim + 2]: maximum, sum, and the partial
    // output. Further numbers: 16 splits, 17 states.
    static void attentionSplits(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        float[] query = context.allocateFloatLocalArray(COLUMNS_MAX);
        float[] weights = context.allocateFloatLocalArray(SPLIT);
        long[] valueAt = context.allocateLongLocalArray(SPLIT);
        float[] maxima = context.allocateFloatLocalArray(LANES);
        float[] sums = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int lanes = context.localGroupSizeX;
        int group = context.groupIdx;
        int keyDim = numbers.get(3);
        int valueDim = numbers.get(7);
        int end = end(numbers, words, 11, group / numbers.get(10));
        int begin = begin(numbers.get(15), end);
        for (int c = lane; c < keyDim; c += LANES) {
            query[c] = floats.get(numbers.get(0) + group * keyDim + c);
        }
        context.localBarrier();
        int split = context.groupIdy * SPLIT;
        int from = begin > split ? begin : split;
        int last = end < split + SPLIT ? end : split + SPLIT;
        // The merge skips a split without visible positions.
        int to = last < from ? from : last;
        // For each of the split's 256 places: the score, minus infinity where the position is not
        // in from..to, and the byte where the value lies.
        float laneMost = Float.NEGATIVE_INFINITY;
        for (int i = lane; i < SPLIT; i += LANES) {
            int p = split + i;
            float score = Float.NEGATIVE_INFINITY;
            if (p >= from && p < to) {
                long key = headRow(group, numbers, words, encoding, p, 1, keyDim);
                valueAt[i] = headRow(group, numbers, words, encoding, p, 4, numbers.get(6));
                float dot = 0.0f;
                for (int c = 0; c < keyDim; c++) {
                    dot = dot + query[c] * element(words, floats, key, c, encoding);
                }
                score = capped(reals, dot);
            }
            weights[i] = score;
            laneMost = RowKernels.larger(laneMost, score);
        }
        maxima[lane] = laneMost;
        context.localBarrier();
        float splitMost = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < lanes; i++) {
            splitMost = RowKernels.larger(splitMost, maxima[i]);
        }
        float laneSum = 0.0f;
        for (int i = lane; i < SPLIT; i += LANES) {
            float weight = weight(weights[i], splitMost);
            weights[i] = weight;
            laneSum = laneSum + weight;
        }
        sums[lane] = laneSum;
        context.localBarrier();
        float splitSum = 0.0f;
        for (int i = 0; i < lanes; i++) {
            splitSum = splitSum + sums[i];
        }
        int state = numbers.get(17)
                + (group * numbers.get(16) + context.groupIdy) * (valueDim + 2);
        if (lane == 0) {
            floats.set(state, splitMost);
            floats.set(state + 1, splitSum);
        }
        for (int c = lane; c < valueDim; c += LANES) {
            float part = 0.0f;
            for (int i = from - split; i < to - split; i++) {
                part = part + weights[i] * element(words, floats, valueAt[i], c, encoding);
            }
            floats.set(state + 2 + c, part);
        }
    }

    // Merges the states as attentionRows merges its splits; group x = row * heads + head. The
    // numbers: 0 states, 1 splits, 2 valueDim, 3 heads, 4 positions, 5 window, 6 sinks, 7 sunk,
    // 8 out.
    static void attentionMerge(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int group = context.groupIdx;
        int valueDim = numbers.get(2);
        int end = end(numbers, words, 4, group / numbers.get(3));
        int begin = begin(numbers.get(5), end);
        for (int c = context.localIdx; c < valueDim; c += LANES) {
            float most = Float.NEGATIVE_INFINITY;
            float sum = 0.0f;
            if (numbers.get(7) != 0) {
                most = floats.get(numbers.get(6) + group % numbers.get(3));
                sum = 1.0f;
            }
            float total = 0.0f;
            for (int split = begin / SPLIT; split * SPLIT < end; split++) {
                int state = numbers.get(0) + (group * numbers.get(1) + split) * (valueDim + 2);
                float splitMost = floats.get(state);
                float larger = RowKernels.larger(most, splitMost);
                float before = TornadoMath.exp(most - larger);
                float after = TornadoMath.exp(splitMost - larger);
                total = floats.get(state + 2 + c) * after + total * before;
                sum = floats.get(state + 1) * after + sum * before;
                most = larger;
            }
            floats.set(numbers.get(8) + group * valueDim + c, total / sum);
        }
    }
}
