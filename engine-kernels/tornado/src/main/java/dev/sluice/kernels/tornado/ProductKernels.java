package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Products with weights as files encode them, and rows of a table, written for TornadoVM: what
/// `tiles.h`, `products.cl` and `grouped.cl` are for the C kernels. An output is the sum of its
/// blocks of 32 columns in ascending order, and which kernel computes it changes no bit.
///
/// A group of `few` has 4 rows and 4 outputs and its 64 lanes share the blocks; a group of `tiles`
/// has 32 rows and 32 outputs, and its lanes 4 x 4 outputs each.
final class ProductKernels {
    private static final int FEW = 4;
    private static final int TILE = 32;
    private static final int STRIDE = 33;
    private static final int LANES = 64;
    /// Places of block values that a lane of `few` fills: 16 outputs of 64 blocks, padded.
    private static final int VALUES = 16 * 65;
    /// Codes of 32 rows of weights and 32 of x, and two sums of the latter.
    private static final int TILE_WORDS = 18 * STRIDE;
    /// Floats of 32 rows of weights and 32 of x; or scales and minimums.
    private static final int TILE_FACTORS = 64 * STRIDE;

    private ProductKernels() { }

    /// sum + a.x * b.x + .. + a.w * b.w over the four signed bytes of each word.
    private static int dot4(int a, int b, int sum) {
        int s = sum + (a << 24 >> 24) * (b << 24 >> 24);
        s = s + (a << 16 >> 24) * (b << 16 >> 24);
        s = s + (a << 8 >> 24) * (b << 8 >> 24);
        return s + (a >> 24) * (b >> 24);
    }

    /// The value of a block: sums of codes of its halves, factors of the weight, scale and sums of
    /// x from word `sums` on.
    private static float blockValue(int encoding, int sum0, int sum1, float[] factors, float d,
            int xSum0, int xSum1) {
        float value;
        int zero = Encodings.zero(encoding);
        if (Encodings.twoScales(encoding)) {
            value = (float) (sum0 - zero * xSum0) * (factors[0] * d);
            value = value + (float) (sum1 - zero * xSum1) * (factors[1] * d);
        } else {
            value = (float) (sum0 + sum1 - zero * (xSum0 + xSum1)) * (factors[0] * d);
        }
        if (Encodings.hasMinimum(encoding)) {
            if (Encodings.twoScales(encoding)) {
                value = value + factors[2] * (d * (float) xSum0);
                value = value + factors[3] * (d * (float) xSum1);
            } else {
                value = value + factors[2] * (d * (float) (xSum0 + xSum1));
            }
        }
        return value;
    }

    /// Values of block b of one weight row, at byte `row`, for `count` rows of x from `first` on,
    /// to `values` from `place` on, 65 apart. Number `staged` is x; scales and sums follow it.
    private static void codeValues(IntArray numbers, int staged, IntArray words,
            FloatArray floats, long row, int encoding, int b, int blocks, int first, int count,
            float[] values, int place) {
        int[] codes = new int[8];
        float[] factors = new float[4];
        factors[2] = 0.0f;
        Encodings.decode(words, row, b, encoding, codes, factors);
        for (int t = 0; t < count; t++) {
            int at = (first + t) * blocks + b;
            int x = numbers.get(staged) + at * 8;
            int sums = numbers.get(staged + 2) + at * 2;
            int sum0 = 0;
            int sum1 = 0;
            for (int i = 0; i < 4; i++) {
                sum0 = dot4(codes[i], words.get(x + i), sum0);
                sum1 = dot4(codes[i + 4], words.get(x + i + 4), sum1);
            }
            values[place + t * 65] = blockValue(encoding, sum0, sum1, factors,
                    floats.get(numbers.get(staged + 1) + at), words.get(sums),
                    words.get(sums + 1));
        }
    }

    /// The same for float encodings.
    private static void floatValues(IntArray numbers, int staged, IntArray words,
            FloatArray floats, long row, int encoding, int b, int cols, int first, int count,
            float[] values, int place) {
        int width = cols - 32 * b < 32 ? cols - 32 * b : 32;
        for (int t = 0; t < count; t++) {
            int x = numbers.get(staged) + (first + t) * cols + 32 * b;
            float value = 0.0f;
            for (int i = 0; i < width; i++) {
                float w = Encodings.element(words, floats, row, 32 * b + i, encoding);
                value = value + w * floats.get(x + i);
            }
            values[place + t * 65] = value;
        }
    }

    /// What lane l < 16 of a group gives: row first + l % 4 of x times weight row n0 + l / 4, where
    /// the weight begins at byte `weight`. With no rows or no columns it gives 0.
    private static float few(KernelContext context, IntArray numbers, int staged, IntArray words,
            FloatArray floats, long weight, int encoding, int cols, int outputs, int n0,
            int first, int count, float[] values) {
        int lane = context.localIdx;
        int blocks = (cols + 31) / 32;
        long rowBytes = Encodings.rowBytes(encoding, cols);
        float total = 0.0f;
        for (int strip = 0; strip < blocks; strip += LANES) {
            int b = strip + lane;
            if (b < blocks) {
                for (int j = 0; j < FEW; j++) {
                    if (n0 + j < outputs) {
                        long row = weight + (n0 + j) * rowBytes;
                        int place = j * FEW * 65 + lane;
                        if (Encodings.quantised(encoding)) {
                            codeValues(numbers, staged, words, floats, row, encoding, b, blocks,
                                    first, count, values, place);
                        } else {
                            floatValues(numbers, staged, words, floats, row, encoding, b, cols,
                                    first, count, values, place);
                        }
                    }
                }
            }
            context.localBarrier();
            if (lane < FEW * FEW && lane % FEW < count) {
                int end = blocks - strip < LANES ? blocks - strip : LANES;
                for (int i = 0; i < end; i++) {
                    total = total + values[lane * 65 + i];
                }
            }
            context.localBarrier();
        }
        return total;
    }

    // Group x: 4 outputs; group y: 4 rows.
    static void productFew(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        float[] values = context.allocateFloatLocalArray(VALUES);
        int lane = context.localIdx;
        int outputs = numbers.get(6);
        int n0 = context.groupIdx * FEW;
        int first = context.groupIdy * FEW;
        int left = numbers.get(4) - first;
        int count = left < FEW ? left : FEW;
        float total = few(context, numbers, 1, words, floats, 4L * numbers.get(0), encoding,
                numbers.get(5), outputs, n0, first, count, values);
        int t = lane % FEW;
        int n = n0 + lane / FEW;
        if (lane < FEW * FEW && t < count && n < outputs) {
            floats.set(numbers.get(7) + (first + t) * outputs + n, total);
        }
    }

    // Rows of x sorted by group (an expert, a head), each group with a weight of its own: group g's
    // begins at byte places[2 g] (64 bits) of the memory, and is there if places[2 g + 1] is 0.
    // tiles [2, tileMax]: group (-1 for none) and first row of each. Output row: outRows[i] where
    // mapped. bias [groups, outputs] where biased. The numbers:
    //     0 weight, 1 buffer, 2 places, 3 x, 4 scales, 5 sums, 6 starts, 7 tiles, 8 tileMax,
    //     9 cols, 10 outputs, 11 bias, 12 biased, 13 outRows, 14 mapped, 15 out, 16 outCols,
    //     17 outColumn
    static void productGroupedFew(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        float[] values = context.allocateFloatLocalArray(VALUES);
        int lane = context.localIdx;
        int outputs = numbers.get(10);
        int n0 = context.groupIdx * FEW;
        int tile = numbers.get(7) + context.groupIdy;
        int group = words.get(tile);
        // A tile without a group has no columns and no rows: leaving early would put the barriers
        // inside of a condition.
        int live = isLive(numbers, words, group);
        group = live != 0 ? group : 0;
        int first = words.get(tile + numbers.get(8));
        int left = live != 0 ? words.get(numbers.get(6) + group + 1) - first : 0;
        int count = left < FEW ? left : FEW;
        float total = few(context, numbers, 3, words, floats, weightAt(numbers, words, group),
                encoding, live != 0 ? numbers.get(9) : 0, outputs, n0, first, count, values);
        int t = lane % FEW;
        int n = n0 + lane / FEW;
        if (lane < FEW * FEW && t < count && n < outputs) {
            put(numbers, words, floats, group, first + t, n, total);
        }
    }

    private static int isLive(IntArray numbers, IntArray words, int group) {
        int live = 0;
        if (group >= 0) {
            live = words.get(numbers.get(2) + 4 * group + 2) == numbers.get(1) ? 1 : 0;
        }
        return live;
    }

    /// Byte of the memory where a group's weight begins: always a multiple of 4.
    private static long weightAt(IntArray numbers, IntArray words, int group) {
        int low = words.get(numbers.get(2) + 4 * group);
        int high = words.get(numbers.get(2) + 4 * group + 1);
        int word = (low >> 2 & 0x3FFFFFFF) | high << 30;
        return 4L * word;
    }

    private static void put(IntArray numbers, IntArray words, FloatArray floats, int group, int i,
            int n, float total) {
        float value = total;
        if (numbers.get(12) != 0) {
            value = value + floats.get(numbers.get(11) + group * numbers.get(10) + n);
        }
        int row = i;
        if (numbers.get(14) != 0) {
            row = words.get(numbers.get(13) + i);
        }
        floats.set(numbers.get(15) + row * numbers.get(16) + numbers.get(17) + n, value);
    }

    // ---- tiles --------------------------------------------------------------------------------

    /// Block b of 32 rows of weights (lanes 0..31) and of x (lanes 32..63) to local memory: codes,
    /// and behind them the two sums of x; factors of the weights, and behind them the scale of x.
    private static void loadCodes(IntArray numbers, int staged, IntArray words, FloatArray floats,
            int lane, long row, int encoding, int there, int at, int[] codes, float[] factors) {
        int r = lane % TILE;
        if (lane < TILE) {
            int[] w = new int[8];
            float[] f = new float[4];
            f[0] = 0.0f;
            f[1] = 0.0f;
            f[2] = 0.0f;
            f[3] = 0.0f;
            for (int i = 0; i < 8; i++) {
                w[i] = 0;
            }
            if (there != 0) {
                Encodings.decode(words, row, at, encoding, w, f);
            }
            for (int i = 0; i < 8; i++) {
                codes[i * STRIDE + r] = w[i];
            }
            for (int i = 0; i < 4; i++) {
                factors[i * STRIDE + r] = f[i];
            }
        } else {
            for (int i = 0; i < 8; i++) {
                codes[(8 + i) * STRIDE + r] = there != 0
                        ? words.get(numbers.get(staged) + at * 8 + i) : 0;
            }
            factors[4 * STRIDE + r] = there != 0 ? floats.get(numbers.get(staged + 1) + at) : 0.0f;
            codes[16 * STRIDE + r] = there != 0 ? words.get(numbers.get(staged + 2) + at * 2) : 0;
            codes[17 * STRIDE + r] = there != 0
                    ? words.get(numbers.get(staged + 2) + at * 2 + 1) : 0;
        }
    }

    private static void loadFloats(IntArray numbers, int staged, IntArray words,
            FloatArray floats, int lane, long row, int encoding, int there, int b, int cols,
            int x, float[] factors) {
        int r = lane % TILE;
        int width = there != 0 ? cols - 32 * b : 0;
        for (int i = 0; i < 32; i++) {
            float value = 0.0f;
            if (i < width) {
                if (lane < TILE) {
                    value = Encodings.element(words, floats, row, 32 * b + i, encoding);
                } else {
                    value = floats.get(numbers.get(staged) + x * cols + 32 * b + i);
                }
            }
            factors[(lane < TILE ? i : 32 + i) * STRIDE + r] = value;
        }
    }

    private static void addCodes(int lane, int encoding, int[] codes, float[] factors,
            float[] totals) {
        int n = lane % 8;
        int t = lane / 8;
        float[] f = new float[4];
        for (int k = 0; k < 16; k++) {
            int wn = n + k % 4 * 8;
            int xt = t + k / 4 * 8;
            int sum0 = 0;
            int sum1 = 0;
            for (int i = 0; i < 4; i++) {
                sum0 = dot4(codes[i * STRIDE + wn], codes[(8 + i) * STRIDE + xt], sum0);
                sum1 = dot4(codes[(4 + i) * STRIDE + wn], codes[(12 + i) * STRIDE + xt], sum1);
            }
            for (int i = 0; i < 4; i++) {
                f[i] = factors[i * STRIDE + wn];
            }
            totals[k] = totals[k] + blockValue(encoding, sum0, sum1, f, factors[4 * STRIDE + xt],
                    codes[16 * STRIDE + xt], codes[17 * STRIDE + xt]);
        }
    }

    private static void addFloats(int lane, float[] factors, float[] totals) {
        int n = lane % 8;
        int t = lane / 8;
        for (int k = 0; k < 16; k++) {
            int wn = n + k % 4 * 8;
            int xt = t + k / 4 * 8;
            float value = 0.0f;
            for (int i = 0; i < 32; i++) {
                value = value + factors[i * STRIDE + wn] * factors[(32 + i) * STRIDE + xt];
            }
            totals[k] = totals[k] + value;
        }
    }

    /// Sums of a lane's 4 x 4 outputs over all blocks, to `totals`.
    private static void tiles(KernelContext context, IntArray numbers, int staged, IntArray words,
            FloatArray floats, long weight, int encoding, int cols, int width, int outputs, int n0,
            int first, int count, int[] codes, float[] factors, float[] totals) {
        int lane = context.localIdx;
        int r = lane % TILE;
        long row = weight + (n0 + r) * Encodings.rowBytes(encoding, cols);
        int there = (lane < TILE ? n0 + r < outputs : r < count) ? 1 : 0;
        int stored = (cols + 31) / 32;
        int blocks = (width + 31) / 32;
        for (int k = 0; k < 16; k++) {
            totals[k] = 0.0f;
        }
        for (int b = 0; b < blocks; b++) {
            if (Encodings.quantised(encoding)) {
                int at = lane < TILE ? b : (first + r) * stored + b;
                loadCodes(numbers, staged, words, floats, lane, row, encoding, there, at, codes,
                        factors);
            } else {
                loadFloats(numbers, staged, words, floats, lane, row, encoding, there, b, cols,
                        first + r, factors);
            }
            context.localBarrier();
            if (Encodings.quantised(encoding)) {
                addCodes(lane, encoding, codes, factors, totals);
            } else {
                addFloats(lane, factors, totals);
            }
            context.localBarrier();
        }
    }

    // Group x: 32 outputs; group y: 32 rows.
    static void productTiles(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        int[] codes = context.allocateIntLocalArray(TILE_WORDS);
        float[] factors = context.allocateFloatLocalArray(TILE_FACTORS);
        float[] totals = new float[16];
        int lane = context.localIdx;
        int cols = numbers.get(5);
        int outputs = numbers.get(6);
        int n0 = context.groupIdx * TILE;
        int first = context.groupIdy * TILE;
        int left = numbers.get(4) - first;
        int count = left < TILE ? left : TILE;
        tiles(context, numbers, 1, words, floats, 4L * numbers.get(0), encoding, cols, cols,
                outputs, n0, first, count, codes, factors, totals);
        for (int k = 0; k < 16; k++) {
            int n = n0 + lane % 8 + k % 4 * 8;
            int t = lane / 8 + k / 4 * 8;
            if (t < count && n < outputs) {
                floats.set(numbers.get(7) + (first + t) * outputs + n, totals[k]);
            }
        }
    }

    // As productGroupedFew, with 32 rows and 32 outputs a group.
    static void productGroupedTiles(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        int[] codes = context.allocateIntLocalArray(TILE_WORDS);
        float[] factors = context.allocateFloatLocalArray(TILE_FACTORS);
        float[] totals = new float[16];
        int lane = context.localIdx;
        int cols = numbers.get(9);
        int outputs = numbers.get(10);
        int n0 = context.groupIdx * TILE;
        int tile = numbers.get(7) + context.groupIdy;
        int group = words.get(tile);
        int live = isLive(numbers, words, group);
        group = live != 0 ? group : 0;
        int first = words.get(tile + numbers.get(8));
        int left = live != 0 ? words.get(numbers.get(6) + group + 1) - first : 0;
        int count = left < TILE ? left : TILE;
        tiles(context, numbers, 3, words, floats, weightAt(numbers, words, group), encoding, cols,
                live != 0 ? cols : 0, outputs, n0, first, count, codes, factors, totals);
        for (int k = 0; k < 16; k++) {
            int n = n0 + lane % 8 + k % 4 * 8;
            int t = lane / 8 + k / 4 * 8;
            if (t < count && n < outputs) {
                put(numbers, words, floats, group, first + t, n, totals[k]);
            }
        }
    }

    // ---- rows of a table ----------------------------------------------------------------------

    // out [T,D] = scale * table [V,D] at rows tokenIds [T,1]; one lane a block of 32 columns
    static void embedRows(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding) {
        int rows = numbers.get(3);
        int cols = numbers.get(4);
        int blocks = (cols + 31) / 32;
        int at = context.globalIdx;
        int t = at / blocks;
        if (t < rows) {
            int b = at % blocks;
            int out = numbers.get(2) + t * cols + 32 * b;
            long row = 4L * numbers.get(0)
                    + words.get(numbers.get(1) + t) * Encodings.rowBytes(encoding, cols);
            if (Encodings.quantised(encoding)) {
                embedCodes(words, floats, row, b, encoding, out, reals.get(0));
            } else {
                int width = cols - 32 * b < 32 ? cols - 32 * b : 32;
                for (int i = 0; i < width; i++) {
                    floats.set(out + i, reals.get(0)
                            * Encodings.element(words, floats, row, 32 * b + i, encoding));
                }
            }
        }
    }

    private static void embedCodes(IntArray words, FloatArray floats, long row, int b,
            int encoding, int out, float scale) {
        int[] codes = new int[8];
        float[] factors = new float[4];
        Encodings.decode(words, row, b, encoding, codes, factors);
        for (int i = 0; i < 32; i++) {
            int code = (codes[i / 4] << (24 - 8 * (i % 4)) >> 24) - Encodings.zero(encoding);
            float value = factors[i / 16] * (float) code;
            if (Encodings.hasMinimum(encoding)) {
                value = value + factors[2 + i / 16];
            }
            floats.set(out + i, scale * value);
        }
    }
}
