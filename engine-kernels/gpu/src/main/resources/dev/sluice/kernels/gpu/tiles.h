// Products with weights as the file encodes them: out [T,N] = x [T,K] * weight [N,K]^T.
//
// **One arithmetic for every row count.** K is cut into blocks of 32 columns. The value of a block
// is exact integers and few roundings (integer encodings: the sum of code products in int, times
// the product of both scales; the minimum by a fused multiply-add), or 32 fused multiply-adds in
// column order (float encodings). An output is the sum of its blocks in ascending order. Which
// kernel, which lane and how many rows take part changes none of that.
//
// Rows of x come staged (stage.cl): `x` is codes, with `scales` and `sums`; for float encodings
// `x` is floats, and the other two are none.
//
// Tiles: `product_few` gives FEW_ROWS rows and FEW_OUTPUTS outputs to a group, whose lanes share
// the blocks. `product_tiles` gives TILE rows and TILE outputs to a group, whose lanes have 4 x 4
// outputs each and walk the blocks together.

#define FEW_ROWS 4
#define FEW_OUTPUTS 4
#define TILE 32
#define STRIDE 33

#if QUANTISED

#if SCALES == 1
FUNCTION float scaled(int sum0, int sum1, const float* scale, float d, int asum0, int asum1) {
    int sum = sum0 + sum1 - ZERO * (asum0 + asum1);
    return (float) sum * (scale[0] * d);
}

FUNCTION float minima(float value, const float* minimum, float d, int asum0, int asum1) {
    return FMA(minimum[0], d * (float) (asum0 + asum1), value);
}
#else
FUNCTION float scaled(int sum0, int sum1, const float* scale, float d, int asum0, int asum1) {
    float first = (float) (sum0 - ZERO * asum0) * (scale[0] * d);
    return FMA((float) (sum1 - ZERO * asum1), scale[1] * d, first);
}

FUNCTION float minima(float value, const float* minimum, float d, int asum0, int asum1) {
    float first = FMA(minimum[0], d * (float) asum0, value);
    return FMA(minimum[1], d * (float) asum1, first);
}
#endif

FUNCTION float block_value(int sum0, int sum1, const float* scale, const float* minimum, float d,
        int asum0, int asum1) {
    float value = scaled(sum0, sum1, scale, d, asum0, asum1);
#if MINIMUM
    value = minima(value, minimum, d, asum0, asum1);
#endif
    return value;
}

#endif

// Rows first .. first + count of x (count <= FEW_ROWS), outputs n0 .. n0 + FEW_OUTPUTS.
// values: FEW_ROWS * FEW_OUTPUTS rows of 65, the block values of 64 blocks.
FUNCTION float few(GLOBAL const uchar* weight, MATRIX(x), MATRIX(scales), MATRIX(sums),
        int cols, int outputs, int n0, wide first, int count, LOCAL float* values) {
    int blocks = (cols + 31) / 32;
    int rowCount = count < FEW_ROWS ? count : FEW_ROWS;
    float total = 0.0f;
    for (int strip = 0; strip < blocks; strip += 64) {
        int b = strip + LANE;
        for (int j = 0; j < FEW_OUTPUTS && b < blocks && n0 + j < outputs; j++) {
            GLOBAL const uchar* row = weight + (wide) (n0 + j) * ENCODED_BYTES(cols);
#if QUANTISED
            int w[8];
            float scale[2];
            float minimum[2];
            decode(row, b, w, scale, minimum);
            for (int t = 0; t < rowCount; t++) {
                wide at = (first + t) * blocks + b;
                GLOBAL const int* a = I32_AT(x) + at * 8;
                int sum0 = 0;
                int sum1 = 0;
                for (int i = 0; i < 4; i++) {
                    sum0 = dot4(w[i], a[i], sum0);
                    sum1 = dot4(w[i + 4], a[i + 4], sum1);
                }
                values[(j * FEW_ROWS + t) * 65 + LANE] = block_value(sum0, sum1, scale, minimum,
                        F32_AT(scales)[at], I32_AT(sums)[at * 2], I32_AT(sums)[at * 2 + 1]);
            }
#else
            float w[32];
            floats(row, b, cols, w);
            for (int t = 0; t < rowCount; t++) {
                GLOBAL const float* a = F32_AT(x) + (first + t) * cols + 32 * b;
                int width = cols - 32 * b < 32 ? cols - 32 * b : 32;
                float value = 0.0f;
                for (int i = 0; i < width; i++) {
                    value = FMA(w[i], a[i], value);
                }
                values[(j * FEW_ROWS + t) * 65 + LANE] = value;
            }
#endif
        }
        BARRIER();
        if (LANE < FEW_ROWS * FEW_OUTPUTS && LANE % FEW_ROWS < rowCount) {
            int end = blocks - strip < 64 ? blocks - strip : 64;
            for (int i = 0; i < end; i++) {
                total += values[LANE * 65 + i];
            }
        }
        BARRIER();
    }
    return total;
}

// Decodes block b of 32 rows of weights and of x to local memory: lanes 0..31 a row of weights
// each, lanes 32..63 a row of x.
#if QUANTISED
FUNCTION void load_tile(GLOBAL const uchar* weight, MATRIX(x), MATRIX(scales), MATRIX(sums),
        int cols, int outputs, int n0, wide first, int count, int b, LOCAL int* words,
        LOCAL float* factors, LOCAL int* xSums) {
    int r = LANE % 32;
    if (LANE < 32) {
        int w[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        float scale[2] = {0.0f, 0.0f};
        float minimum[2] = {0.0f, 0.0f};
        if (n0 + r < outputs) {
            decode(weight + (wide) (n0 + r) * ENCODED_BYTES(cols), b, w, scale, minimum);
        }
        for (int i = 0; i < 8; i++) {
            words[i * STRIDE + r] = w[i];
        }
        for (int i = 0; i < 2; i++) {
            factors[i * STRIDE + r] = scale[i];
            factors[(2 + i) * STRIDE + r] = minimum[i];
        }
    } else {
        wide at = (first + r) * (cols / 32) + b;
        for (int i = 0; i < 8; i++) {
            words[(8 + i) * STRIDE + r] = r < count ? I32_AT(x)[at * 8 + i] : 0;
        }
        factors[4 * STRIDE + r] = r < count ? F32_AT(scales)[at] : 0.0f;
        xSums[r] = r < count ? I32_AT(sums)[at * 2] : 0;
        xSums[STRIDE + r] = r < count ? I32_AT(sums)[at * 2 + 1] : 0;
    }
}

FUNCTION void add_tile(LOCAL const int* words, LOCAL const float* factors,
        LOCAL const int* xSums, float* totals) {
    int n = LANE % 8;
    int t = LANE / 8;
    int sum0[16];
    int sum1[16];
    for (int k = 0; k < 16; k++) {
        sum0[k] = 0;
        sum1[k] = 0;
    }
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 16; k++) {
            int wn = n + k % 4 * 8;
            int xt = t + k / 4 * 8;
            sum0[k] = dot4(words[i * STRIDE + wn], words[(8 + i) * STRIDE + xt], sum0[k]);
            sum1[k] = dot4(words[(4 + i) * STRIDE + wn], words[(12 + i) * STRIDE + xt], sum1[k]);
        }
    }
    for (int k = 0; k < 16; k++) {
        int wn = n + k % 4 * 8;
        int xt = t + k / 4 * 8;
        float scale[2] = {factors[wn], factors[STRIDE + wn]};
        float minimum[2] = {factors[2 * STRIDE + wn], factors[3 * STRIDE + wn]};
        totals[k] += block_value(sum0[k], sum1[k], scale, minimum, factors[4 * STRIDE + xt],
                xSums[xt], xSums[STRIDE + xt]);
    }
}
#define TILE_WORDS (16 * STRIDE)
#define TILE_FACTORS (5 * STRIDE)
#define TILE_SUMS (2 * STRIDE)
#else
FUNCTION void load_tile(GLOBAL const uchar* weight, MATRIX(x), MATRIX(scales), MATRIX(sums),
        int cols, int outputs, int n0, wide first, int count, int b, LOCAL int* words,
        LOCAL float* factors, LOCAL int* xSums) {
    int r = LANE % 32;
    if (LANE < 32) {
        float w[32];
        for (int i = 0; i < 32; i++) {
            w[i] = 0.0f;
        }
        if (n0 + r < outputs) {
            floats(weight + (wide) (n0 + r) * ENCODED_BYTES(cols), b, cols, w);
        }
        for (int i = 0; i < 32; i++) {
            factors[i * STRIDE + r] = w[i];
        }
    } else {
        GLOBAL const float* a = F32_AT(x) + (first + r) * cols + 32 * b;
        for (int i = 0; i < 32; i++) {
            factors[(32 + i) * STRIDE + r] = r < count && 32 * b + i < cols ? a[i] : 0.0f;
        }
    }
}

FUNCTION void add_tile(LOCAL const int* words, LOCAL const float* factors,
        LOCAL const int* xSums, float* totals) {
    int n = LANE % 8;
    int t = LANE / 8;
    float values[16];
    for (int k = 0; k < 16; k++) {
        values[k] = 0.0f;
    }
    for (int i = 0; i < 32; i++) {
        for (int k = 0; k < 16; k++) {
            values[k] = FMA(factors[i * STRIDE + n + k % 4 * 8],
                    factors[(32 + i) * STRIDE + t + k / 4 * 8], values[k]);
        }
    }
    for (int k = 0; k < 16; k++) {
        totals[k] += values[k];
    }
}
#define TILE_WORDS 1
#define TILE_FACTORS (64 * STRIDE)
#define TILE_SUMS 1
#endif
