// Rows of x made ready for a product in one pass: x += factor * y (a residual), RMSNorm, and the
// codes or halves that the product reads; or the activation of gate and up, and its codes. Every
// float is the one that add_rows, rms_norm, gated_activation and quantise_rows give in turn.
//
// One block of 256 threads a row; dynamic shared memory: staging_shared(K) = 4 K bytes.
#include "device.cuh"

#define STAGING_THREADS 256
// The lanes of the shared rms_norm, whose partial sums are part of its arithmetic.
#define NORM_LANES 64

// What quantise_rows makes of 32 columns, by the 8 lanes that have 4 of them each. All lanes of
// the warp come here; a lane that is not live stores nothing.
INLINE void quantise4(float4 v, wide block, int part, bool live, int* codes, float* scales,
        int* sums) {
    unsigned bits = 0;
    float x[4] = {v.x, v.y, v.z, v.w};
    UNROLL
    for (int i = 0; i < 4; i++) {
        unsigned magnitude = bits_of(x[i]) & 0x7FFFFFFFu;
        bits = magnitude > bits ? magnitude : bits;
    }
    UNROLL
    for (int mask = 1; mask < 8; mask *= 2) {
        unsigned other = across(bits, mask);
        bits = other > bits ? other : bits;
    }
    float amax = float_of(bits);
    float inverse = over(127.0f, amax);
    float d = over(amax, 127.0f);
    float rounded = half_value(half_bits(d));
    if (rounded >= 6.103515625e-05f && rounded <= 65504.0f) {
        d = rounded;
    }
    if (inverse == float_of(0x7F800000u)) {
        inverse = 0.0f;
        d = 0.0f;
    }
    unsigned word = 0;
    int sum = 0;
    UNROLL
    for (int i = 0; i < 4; i++) {
        int q = (int) rintf(times(x[i], inverse));
        sum += q;
        word |= ((unsigned) q & 255) << (8 * i);
    }
    sum += across(sum, 1);
    sum += across(sum, 2);
    if (live) {
        codes[block * 8 + part] = (int) word;
        if (part % 4 == 0) {
            sums[block * 2 + part / 4] = sum;
        }
        if (part == 0) {
            scales[block] = d;
        }
    }
}

// Codes of the row that stands in shared memory.
INLINE void quantise_row(const float* row, int cols, int* codes, float* scales, int* sums) {
    int words = cols / 4;
    int rounds = (words + STAGING_THREADS - 1) / STAGING_THREADS;
    wide blocks = (wide) blockIdx.x * (cols / 32);
    for (int round = 0; round < rounds; round++) {
        int word = round * STAGING_THREADS + (int) threadIdx.x;
        bool live = word < words;
        float4 v = {0.0f, 0.0f, 0.0f, 0.0f};
        if (live) {
            v = ((const float4*) row)[word];
        }
        quantise4(v, blocks + word / 8, word % 8, live, codes, scales, sums);
    }
}

// The row in shared memory becomes row * factor * weight, as rms_norm has it.
INLINE void norm_row(float* row, const float* weight, float epsilon, int cols) {
    SHARED_ARRAY(float, squares, NORM_LANES);
    if (threadIdx.x < NORM_LANES) {
        float sum = 0.0f;
        for (int c = (int) threadIdx.x; c < cols; c += NORM_LANES) {
            sum = fused(row[c], row[c], sum);
        }
        squares[threadIdx.x] = sum;
    }
    sync();
    float all = 0.0f;
    UNROLL
    for (int i = 0; i < NORM_LANES; i++) {
        all = plus(all, squares[i]);
    }
    float factor = over(1.0f, sqrtf(plus(over(all, (float) cols), epsilon)));
    for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
        row[c] = times(times(row[c], factor), weight[c]);
    }
    sync();
}

// Loads a row, adds factor * y where there is a residual (and stores the sum to x), and norms.
INLINE void bring_row(float* row, float* x, const float* y, int added, float factor, int normed,
        const float* weight, float epsilon, float* out, int kept, int cols) {
    wide at = (wide) blockIdx.x * cols;
    for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
        float value = x[at + c];
        if (added) {
            value = fused(factor, y[at + c], value);
            x[at + c] = value;
        }
        row[c] = value;
    }
    sync();
    if (normed) {
        norm_row(row, weight, epsilon, cols);
    }
    for (int c = (int) threadIdx.x; kept && c < cols; c += STAGING_THREADS) {
        out[at + c] = row[c];
    }
}

// x [T,K], y [T,K] where added, weight [1,K] where normed, out [T,K] gets the normed rows where
// kept; codes, scales, sums as quantise_rows stages them. Grid x: T.
ENTRY(STAGING_THREADS, 2) stage_codes(MATRIX(x), MATRIX(y), int added, float factor,
        MATRIX(weight), int normed, float epsilon, MATRIX(out), int kept, int cols, MATRIX(codes),
        MATRIX(scales), MATRIX(sums)) {
    DYNAMIC_SHARED(shared);
    float* row = (float*) shared;
    bring_row(row, AT(float, x), AT(const float, y), added, factor, normed,
            AT(const float, weight), epsilon, AT(float, out), kept, cols);
    quantise_row(row, cols, AT(int, codes), AT(float, scales), AT(int, sums));
}

// Codes of activation(gate, up) [T,K]. Grid x: T.
ENTRY(STAGING_THREADS, 2) stage_gated_codes(int activation, MATRIX(gate), MATRIX(up), int cols,
        MATRIX(codes), MATRIX(scales), MATRIX(sums)) {
    DYNAMIC_SHARED(shared);
    float* row = (float*) shared;
    wide at = (wide) blockIdx.x * cols;
    for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
        row[c] = activated(activation, AT(const float, gate)[at + c], AT(const float, up)[at + c]);
    }
    sync();
    quantise_row(row, cols, AT(int, codes), AT(float, scales), AT(int, sums));
}

// rms_norm with its arguments. Grid x: T.
ENTRY(STAGING_THREADS, 2) rms_norm_wide(MATRIX(x), MATRIX(weight), float epsilon, MATRIX(out),
        int cols) {
    DYNAMIC_SHARED(shared);
    bring_row((float*) shared, AT(float, x), nullptr, 0, 0.0f, 1, AT(const float, weight), epsilon,
            AT(float, out), 1, cols);
}

// quantise_rows with its arguments, four columns a thread. Grid x: rows * cols / 1024.
ENTRY(STAGING_THREADS, 2) quantise_rows_wide(MATRIX(x), int xCols, int xColumn, MATRIX(order),
        MATRIX(starts), int groups, int ordered, int divisor, int rows, int cols, MATRIX(codes),
        MATRIX(scales), MATRIX(sums)) {
    int words = cols / 4;
    wide at = (wide) blockIdx.x * STAGING_THREADS + threadIdx.x;
    int row = (int) (at / words);
    int word = (int) (at % words);
    bool live = row < (ordered ? AT(const int, starts)[groups] : rows) && row < rows;
    float4 v = {0.0f, 0.0f, 0.0f, 0.0f};
    if (live) {
        wide source = ordered ? AT(const int, order)[row] / divisor : row;
        const float* in = AT(const float, x) + source * xCols + xColumn + 4 * word;
        v.x = in[0];
        v.y = in[1];
        v.z = in[2];
        v.w = in[3];
    }
    quantise4(v, (wide) row * (cols / 32) + word / 8, word % 8, live, AT(int, codes),
            AT(float, scales), AT(int, sums));
}

// ---- 16-bit floats ----------------------------------------------------------------------------

// The largest power of two that keeps the row inside of F16: amax becomes 2^14 or a little more.
// 1 for BF16, for a row of zeros and for one that is not finite.
INLINE float power_of_row(const float* row, int cols, int half) {
    SHARED_ARRAY(unsigned, largest, STAGING_THREADS / 32);
    unsigned bits = 0;
    for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
        unsigned magnitude = bits_of(row[c]) & 0x7FFFFFFFu;
        bits = magnitude > bits ? magnitude : bits;
    }
    UNROLL
    for (int mask = 1; mask < 32; mask *= 2) {
        unsigned other = across(bits, mask);
        bits = other > bits ? other : bits;
    }
    if (LANE_OF_WARP == 0) {
        largest[WARP] = bits;
    }
    sync();
    UNROLL
    for (int w = 0; w < STAGING_THREADS / 32; w++) {
        bits = largest[w] > bits ? largest[w] : bits;
    }
    int exponent = (int) (bits >> 23);
    if (!half || exponent == 0 || exponent == 255) {
        return 1.0f;
    }
    // The inverse must be a normal number as well.
    int power = 268 - exponent < 253 ? 268 - exponent : 253;
    return float_of((unsigned) power << 23);
}

// Rows as `parts` halves: out [parts, T, K] with x * power ~ out[0] + out[1] + out[2], each the
// nearest to what the ones before it leave; factors [T] the inverse of each row's power of two.
// One part rounds x to 8 (BF16) or 11 (F16) bits, three parts hold all 24. half: F16, else BF16.
// Row i is x's row order[i] / divisor where ordered, and starts [groups + 1] says how many there
// are, as for order_rows; then nothing is added and nothing is kept.
ENTRY(STAGING_THREADS, 2) stage_halves(MATRIX(x), MATRIX(y), int added, float factor,
        MATRIX(weight), int normed, float epsilon, MATRIX(kept), int keeps, MATRIX(order),
        MATRIX(starts), int groups, int ordered, int divisor, int rows, int cols, int half,
        int parts, MATRIX(out), MATRIX(factors)) {
    DYNAMIC_SHARED(shared);
    float* row = (float*) shared;
    if (ordered) {
        if ((int) blockIdx.x >= AT(const int, starts)[groups]) {
            return;
        }
        const float* from = AT(const float, x)
                + (wide) (AT(const int, order)[blockIdx.x] / divisor) * cols;
        for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
            row[c] = from[c];
        }
        sync();
    } else {
        bring_row(row, AT(float, x), AT(const float, y), added, factor, normed,
                AT(const float, weight), epsilon, AT(float, kept), keeps, cols);
    }
    float power = power_of_row(row, cols, half);
    for (int c = (int) threadIdx.x; c < cols; c += STAGING_THREADS) {
        float rest = times(row[c], power);
        for (int part = 0; part < parts; part++) {
            unsigned short bits = half ? half_bits(rest) : bfloat_bits(rest);
            AT(unsigned short, out)[((wide) part * rows + blockIdx.x) * cols + c] = bits;
            rest = plus(rest, -(half ? half_value(bits) : bfloat_value(bits)));
        }
    }
    if (threadIdx.x == 0) {
        AT(float, factors)[blockIdx.x] = over(1.0f, power);
    }
}
