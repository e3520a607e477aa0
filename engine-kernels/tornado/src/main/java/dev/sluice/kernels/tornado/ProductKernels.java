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

    /// The value of a block of 32 columns: codes and factors of a weight, and block `at` of the
    /// staged rows. Number `staged` is their codes; scales and sums follow it.
    private static float codesValue(IntArray numbers, int staged, IntArray words,
            FloatArray floats, int encoding, int at, int[] codes, float[] factors) {
        int x = numbers.get(staged) + at * 8;
        int sums = numbers.get(staged + 2) + at * 2;
        int sum0 = 0;
        int sum1 = 0;
        for (int i = 0; i < 4; i++) {
            sum0 = dot4(codes[i], words.get(x + i), sum0);
            sum1 = dot4(codes[i + 4], words.get(x + i + 4), sum1);
        }
        return blockValue(encoding, sum0, sum1, factors, floats.get(numbers.get(staged + 1) + at),
                words.get(sums), words.get(sums + 1));
    }

    /// The same for float encodings: `width` columns from c on, of the weight row at byte `row` and
    /// the floats at word `x`.
    private static float floatsValue(IntArray words, FloatArray floats, long row, int encoding,
            int c, int width, int x) {
        float value = 0.0f;
        for (int i = 0; i < width; i++) {
            value = value
                    + Encodings.element(words, floats, row, c + i, encoding) * floats.get(x + i);
        }
        return value;
    }

    // Group x: 4 outputs; group y: 4 rows, which lane l < 16 of a group shares out as row l % 4 and
    // output l / 4. `grouped` is 0 for a dense product, whose numbers are
    //     0 weight, 1 x, 2 scales, 3 sums, 4 rows, 5 cols, 6 outputs, 7 out
    // and 1 for rows of x sorted by group (an expert, a head), each group with a weight of its own:
    // group g's begins at byte places[2 g] (64 bits) of the memory, and is there if places[2 g + 1]
    // is the buffer. tiles [2, tileMax]: group (-1 for none) and first row of each. Output row:
    // outRows[i] where mapped. bias [groups, outputs] where biased. The numbers:
    //     0 weight, 1 buffer, 2 places, 3 x, 4 scales, 5 sums, 6 starts, 7 tiles, 8 tileMax,
    //     9 cols, 10 outputs, 11 bias, 12 biased, 13 outRows, 14 mapped, 15 out, 16 outCols,
    //     17 outColumn
    static void productFew(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding, int grouped) {
        float[] values = context.allocateFloatLocalArray(VALUES);
        int[] codes = new int[8];
        float[] factors = new float[4];
        int lane = context.localIdx;
        int staged = grouped != 0 ? 3 : 1;
        int outputs = numbers.get(grouped != 0 ? 10 : 6);
        int n0 = context.groupIdx * FEW;
        int tile = context.groupIdy;
        int group = groupOf(tile, numbers, words, grouped);
        int cols = liveColumns(numbers, words, grouped, group);
        int first = firstRow(tile, numbers, words, grouped, FEW);
        int count = rowsOf(numbers, words, grouped, group, first, FEW);
        long weight = weightAt(numbers, words, grouped, group);
        int blocks = (cols + 31) / 32;
        long rowBytes = Encodings.rowBytes(encoding, cols);
        float total = 0.0f;
        for (int strip = 0; strip < blocks; strip += LANES) {
            int b = strip + lane;
            if (b < blocks) {
                int width = cols - 32 * b < 32 ? cols - 32 * b : 32;
                for (int n = n0; n < n0 + FEW && n < outputs; n++) {
                    long row = weight + n * rowBytes;
                    int place = (n - n0) * FEW * 65 + lane;
                    if (Encodings.quantised(encoding)) {
                        Encodings.decode(words, row, b, encoding, codes, factors);
                    }
                    for (int t = 0; t < count; t++) {
                        float value;
                        if (Encodings.quantised(encoding)) {
                            value = codesValue(numbers, staged, words, floats, encoding,
                                    (first + t) * blocks + b, codes, factors);
                        } else {
                            value = floatsValue(words, floats, row, encoding, 32 * b, width,
                                    numbers.get(staged) + (first + t) * cols + 32 * b);
                        }
                        values[place + t * 65] = value;
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
        int t = lane % FEW;
        int n = n0 + lane / FEW;
        if (lane < FEW * FEW && t < count && n < outputs) {
            put(numbers, words, floats, grouped, group, (first + t), n, total);
        }
    }

    /// The group of a tile, -1 for none; 0 in a dense product.
    private static int groupOf(int tile, IntArray numbers, IntArray words, int grouped) {
        int group = 0;
        if (grouped != 0) {
            group = words.get(numbers.get(7) + tile);
            if (group >= 0
                    && words.get(numbers.get(2) + 4 * group + 2) != numbers.get(1)) {
                group = -1;
            }
        }
        return group;
    }

    /// Columns of the product. A tile without a group has none, and no rows: leaving early would
    /// put the barriers inside of a condition.
    private static int liveColumns(IntArray numbers, IntArray words, int grouped, int group) {
        int cols = numbers.get(grouped != 0 ? 9 : 5);
        return group < 0 ? 0 : cols;
    }

    private static int firstRow(int tile, IntArray numbers, IntArray words, int grouped,
            int tileRows) {
        int first = tile * tileRows;
        if (grouped != 0) {
            first = words.get(numbers.get(7) + numbers.get(8) + tile);
        }
        return first;
    }

    private static int rowsOf(IntArray numbers, IntArray words, int grouped, int group, int first,
            int tileRows) {
        int left = 0;
        if (grouped == 0) {
            left = numbers.get(4) - first;
        } else if (group >= 0) {
            left = words.get(numbers.get(6) + group + 1) - first;
        }
        return left < tileRows ? left : tileRows;
    }

    /// Byte of the memory where the weight begins: always a multiple of 4.
    private static long weightAt(IntArray numbers, IntArray words, int grouped, int group) {
        int word = numbers.get(0);
        if (grouped != 0 && group >= 0) {
            int low = words.get(numbers.get(2) + 4 * group);
            int high = words.get(numbers.get(2) + 4 * group + 1);
            word = (low >> 2 & 0x3FFFFFFF) | high << 30;
        }
        return 4L * word;
    }

    private static void put(IntArray numbers, IntArray words, FloatArray floats, int grouped,
            int group, int i, int n, float total) {
        if (grouped == 0) {
            floats.set(numbers.get(7) + i * numbers.get(6) + n, total);
        } else {
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
    }

    // As productFew, with 32 rows and 32 outputs a group, 4 x 4 of them a lane.
    static void productTiles(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats, int encoding, int grouped) {
        int[] local = context.allocateIntLocalArray(TILE_WORDS);
        float[] scales = context.allocateFloatLocalArray(TILE_FACTORS);
        int[] codes = new int[8];
        float[] factors = new float[4];
        float[] totals = new float[16];
        int lane = context.localIdx;
        int r = lane % TILE;
        int staged = grouped != 0 ? 3 : 1;
        int outputs = numbers.get(grouped != 0 ? 10 : 6);
        int n0 = context.groupIdx * TILE;
        int tile = context.groupIdy;
        int group = groupOf(tile, numbers, words, grouped);
        int cols = liveColumns(numbers, words, grouped, group);
        int first = firstRow(tile, numbers, words, grouped, TILE);
        int count = rowsOf(numbers, words, grouped, group, first, TILE);
        long row = weightAt(numbers, words, grouped, group)
                + (n0 + r) * Encodings.rowBytes(encoding, cols);
        int blocks = (cols + 31) / 32;
        int wn = lane % 8;
        int xt = lane / 8;
        for (int k = 0; k < 16; k++) {
            totals[k] = 0.0f;
        }
        for (int b = 0; b < blocks; b++) {
            int at = (first + r) * blocks + b;
            int width = cols - 32 * b;
            if (Encodings.quantised(encoding)) {
                // Lanes 0..31 bring a weight row each, lanes 32..63 a row of x: codes, and behind
                // them the two sums of x; factors, and behind them the scale of x.
                if (lane < TILE) {
                    for (int i = 0; i < 8; i++) {
                        codes[i] = 0;
                    }
                    for (int i = 0; i < 4; i++) {
                        factors[i] = 0.0f;
                    }
                    if (n0 + r < outputs) {
                        Encodings.decode(words, row, b, encoding, codes, factors);
                    }
                    for (int i = 0; i < 8; i++) {
                        local[i * STRIDE + r] = codes[i];
                    }
                    for (int i = 0; i < 4; i++) {
                        scales[i * STRIDE + r] = factors[i];
                    }
                } else {
                    for (int i = 0; i < 8; i++) {
                        local[(8 + i) * STRIDE + r] = stagedWord(numbers, staged, words,
                                r < count ? 1 : 0, at * 8 + i);
                    }
                    for (int i = 0; i < 2; i++) {
                        local[(16 + i) * STRIDE + r] = stagedWord(numbers, staged + 2, words,
                                r < count ? 1 : 0, at * 2 + i);
                    }
                    scales[4 * STRIDE + r] = stagedFloat(numbers, staged + 1, floats,
                            r < count ? 1 : 0, at);
                }
            } else {
                for (int i = 0; i < 32; i++) {
                    float value = 0.0f;
                    if (lane < TILE && n0 + r < outputs && i < width) {
                        value = Encodings.element(words, floats, row, 32 * b + i, encoding);
                    }
                    if (lane >= TILE && i < width) {
                        value = stagedFloat(numbers, staged, floats, r < count ? 1 : 0,
                                (first + r) * cols + 32 * b + i);
                    }
                    scales[(lane < TILE ? i : 32 + i) * STRIDE + r] = value;
                }
            }
            context.localBarrier();
            for (int k = 0; k < 16; k++) {
                int wAt = wn + k % 4 * 8;
                int xAt = xt + k / 4 * 8;
                float value = 0.0f;
                if (Encodings.quantised(encoding)) {
                    int sum0 = 0;
                    int sum1 = 0;
                    for (int i = 0; i < 4; i++) {
                        sum0 = dot4(local[i * STRIDE + wAt], local[(8 + i) * STRIDE + xAt], sum0);
                        sum1 = dot4(local[(4 + i) * STRIDE + wAt], local[(12 + i) * STRIDE + xAt],
                                sum1);
                    }
                    for (int i = 0; i < 4; i++) {
                        factors[i] = scales[i * STRIDE + wAt];
                    }
                    value = blockValue(encoding, sum0, sum1, factors, scales[4 * STRIDE + xAt],
                            local[16 * STRIDE + xAt], local[17 * STRIDE + xAt]);
                } else {
                    for (int i = 0; i < 32; i++) {
                        value = value + scales[i * STRIDE + wAt] * scales[(32 + i) * STRIDE + xAt];
                    }
                }
                totals[k] = totals[k] + value;
            }
            context.localBarrier();
        }
        for (int k = 0; k < 16; k++) {
            int n = n0 + wn + k % 4 * 8;
            int t = xt + k / 4 * 8;
            if (t < count && n < outputs) {
                put(numbers, words, floats, grouped, group, first + t, n, totals[k]);
            }
        }
    }

    private static int stagedWord(IntArray numbers, int matrix, IntArray words, int there,
            int at) {
        int word = 0;
        if (there != 0) {
            word = words.get(numbers.get(matrix) + at);
        }
        return word;
    }

    private static float stagedFloat(IntArray numbers, int matrix, FloatArray floats, int there,
            int at) {
        float value = 0.0f;
        if (there != 0) {
            value = floats.get(numbers.get(matrix) + at);
        }
        return value;
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
