// Products of 1 to 8 rows with packed weights: out [T,N] = x [T,K] * weight [N,K]^T, bit for bit
// as the shared kernels compute it. Compiled once for each packed encoding.
//
// Memory-bound: a warp has 32 neighbouring blocks of four outputs, so that each lane has four
// 16-byte loads under way and every word of a weight is read once, in whole lines. Warps stand
// along K until a row of the matrix is covered; the rest of the eight take further outputs. The
// values of the blocks go through shared memory, where one thread for each row and output adds
// them in ascending order: that order is the contract, and the reason why no lane adds its own.
//
// Rows of x are staged as for the shared kernels: codes [T, K/4] words, scales [T, K/32], sums
// [T, K/16]. Outputs of a block of threads: few_outputs(K) = 32 / warps along K. Dynamic shared
// memory: (32 / along) * min(rows, 8) * (32 * along + 4) * 4 bytes, twice that where K / 32 is more
// than 256, so that one strip of K is added while the next is multiplied.
#include "packed.cuh"
#include "target.cuh"

#define FEW_THREADS 256
#define FEW_WARPS 8
#define QUAD 4

// Warps along K.
INLINE int along(int blocks) {
    return blocks <= 32 ? 1 : blocks <= 64 ? 2 : blocks <= 128 ? 4 : 8;
}

struct StagedX {
    const uint4* codes;
    const float* scales;
    const int2* sums;
};

#if CODE_ZERO != 0 || CODE_MINIMUM
#define SUMS_NEEDED 1
#else
#define SUMS_NEEDED 0
#endif

// A block of a row of x.
struct XBlock {
    int codes[8];
    float d;
    int asum0, asum1;
};

INLINE XBlock bring_x(const StagedX& x, wide at) {
    uint4 lower = load16(x.codes + 2 * at);
    uint4 upper = load16(x.codes + 2 * at + 1);
    XBlock block = {{(int) lower.x, (int) lower.y, (int) lower.z, (int) lower.w, (int) upper.x,
        (int) upper.y, (int) upper.z, (int) upper.w}, float_of(load4(x.scales + at)), 0, 0};
    if (SUMS_NEEDED) {
        uint2 sums = load8(x.sums + at);
        block.asum0 = (int) sums.x;
        block.asum1 = (int) sums.y;
    }
    return block;
}

// The value of one block for one row of x.
INLINE float value_of(const unsigned* w, const float* scale, const float* minimum,
        const XBlock& x) {
#if CODE_SCALES == 2
    int sum0 = -CODE_ZERO * x.asum0;
    int sum1 = -CODE_ZERO * x.asum1;
    UNROLL
    for (int i = 0; i < 4; i++) {
        sum0 = dot4((int) w[i], x.codes[i], sum0);
        sum1 = dot4((int) w[i + 4], x.codes[i + 4], sum1);
    }
    return block_value((float) sum0, (float) sum1, scale, minimum, x.d, 0.0f);
#else
    int sum0 = -CODE_ZERO * (x.asum0 + x.asum1);
    int sum1 = 0;
    UNROLL
    for (int i = 0; i < 4; i++) {
        sum0 = dot4((int) w[i], x.codes[i], sum0);
        sum1 = dot4((int) w[i + 4], x.codes[i + 4], sum1);
    }
    float lift = CODE_MINIMUM ? times(x.d, (float) (x.asum0 + x.asum1)) : 0.0f;
    return block_value((float) (sum0 + sum1), 0.0f, scale, minimum, x.d, lift);
#endif
}

// Values of this lane's block b for all rows, one row of values each. A row of x is loaded while
// the one before it is used, the first while the weights are on their way.
INLINE void values_of_block(const Raw* raw, const StagedX& x, wide firstRow, int rows, int blocks,
        int b, float* values, int stride) {
    XBlock next = bring_x(x, firstRow * blocks + b);
    unsigned w[QUAD][8];
    float scale[QUAD][CODE_SCALES];
    float minimum[QUAD][1];
    UNROLL
    for (int j = 0; j < QUAD; j++) {
        minimum[j][0] = 0.0f;
        unpack(raw[j], b, w[j], scale[j], minimum[j]);
    }
    KEEP_LOOP
    for (int t = 0; t < rows; t++) {
        XBlock now = next;
        if (t + 1 < rows) {
            next = bring_x(x, (firstRow + t + 1) * blocks + b);
        }
        UNROLL
        for (int j = 0; j < QUAD; j++) {
            values[(j * rows + t) * stride] =
                    value_of(w[j], scale[j], minimum[j], now);
        }
    }
}

// The values are read ahead of the additions, which wait for each other.
INLINE float add_in_order(const float* values, int count, float total) {
    const float4* fours = (const float4*) values;
    float4 next[4];
    UNROLL
    for (int k = 0; k < 4; k++) {
        next[k] = 4 * k < count ? fours[k] : float4{0.0f, 0.0f, 0.0f, 0.0f};
    }
    int i = 0;
    KEEP_LOOP
    for (; i + 16 <= count; i += 16) {
        UNROLL
        for (int k = 0; k < 4; k++) {
            float4 v = next[k];
            int ahead = i / 4 + 4 + k;
            next[k] = 4 * ahead < count ? fours[ahead] : v;
            total = plus(plus(plus(plus(total, v.x), v.y), v.z), v.w);
        }
    }
    for (; i < count; i++) {
        total = plus(total, values[i]);
    }
    return total;
}

// The quads of a block of threads are (first row of `left`, or with GATED two rows of `left` and
// the same two of `right`). Returns the total of pair threadIdx.x = (quad * 4 + j) * rows + t.
template <bool GATED> INLINE float few_total(const unsigned char* left,
        const unsigned char* right, const StagedX& x, wide firstRow, int rows, int cols,
        int outputs, int n0, float* values) {
    int blocks = cols / 32;
    wide total = (wide) outputs * blocks;
    int warpsAlong = along(blocks);
    int strip = 32 * warpsAlong;
    int stride = strip + 4;
    int quad = WARP / warpsAlong;
    int place = WARP % warpsAlong * 32 + LANE_OF_WARP;
    int pairs = FEW_WARPS / warpsAlong * QUAD * rows;
    float sum = 0.0f;
    // Strips take turns in two rooms: a room is filled again only behind the barrier that ends the
    // strip between, and by then its values have been added.
    float* room = values;
    float* other = values + (blocks > strip ? pairs * stride : 0);
    KEEP_LOOP
    for (int start = 0; start < blocks; start += strip) {
        int b = start + place;
        if (b < blocks) {
            Raw raw[QUAD];
            UNROLL
            for (int j = 0; j < QUAD; j++) {
                int n = GATED ? n0 + quad * 2 + j % 2 : n0 + quad * QUAD + j;
                // A row behind the last is read as the last, and its total goes nowhere.
                n = n < outputs ? n : outputs - 1;
                raw[j] = fetch(GATED && j >= 2 ? right : left, total, (wide) n * blocks + b);
            }
            values_of_block(raw, x, firstRow, rows, blocks, b,
                    room + quad * QUAD * rows * stride + place, stride);
        }
        sync();
        if ((int) threadIdx.x < pairs) {
            int count = blocks - start < strip ? blocks - start : strip;
            sum = add_in_order(room + threadIdx.x * stride, count, sum);
        }
        float* filled = room;
        room = other;
        other = filled;
    }
    sync();
    return sum;
}

INLINE StagedX staged(const unsigned char* x, const unsigned char* scales,
        const unsigned char* sums) {
    StagedX staged = {(const uint4*) x, (const float*) scales, (const int2*) sums};
    return staged;
}

#define STAGED staged(AT(const unsigned char, x), AT(const unsigned char, scales), \
        AT(const unsigned char, sums))

INLINE void put_few(const unsigned char* weight, const StagedX& x, const Tile& tile, int cols,
        int outputs, const Target& target, float* values) {
    int quads = FEW_WARPS / along(cols / 32);
    int n0 = (int) blockIdx.x * quads * QUAD;
    float total = few_total<false>(weight, weight, x, tile.first, tile.count, cols, outputs, n0,
            values);
    int pair = (int) threadIdx.x;
    int n = n0 + pair / tile.count;
    if (pair < quads * QUAD * tile.count && n < outputs) {
        put(target, tile.first + pair % tile.count, n, total);
    }
}

// Grid x: outputs / few_outputs(K), y: rows / 8. outColumn and outCols place the outputs in wider
// rows. added [T, outCols] is added to the result where addedTo is 1 (a residual): out = 1 *
// product + added, as the shared add_rows does; out may be added.
ENTRY(FEW_THREADS, 2) few_packed(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums),
        int rows, int cols, int outputs, MATRIX(added), int addedTo, MATRIX(out), int outCols,
        int outColumn) {
    DYNAMIC_SHARED(shared);
    Target target = {AT(float, out), outCols, outColumn,
        addedTo ? AT(const float, added) : nullptr, nullptr, nullptr};
    put_few(AT(const unsigned char, weight), STAGED, dense_tile(rows, 8), cols, outputs, target,
            (float*) shared);
}

// The same with the arguments of product_few.
ENTRY(FEW_THREADS, 2) product_few_packed(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums),
        int rows, int cols, int outputs, MATRIX(out)) {
    DYNAMIC_SHARED(shared);
    Target target = {AT(float, out), outputs, 0, nullptr, nullptr, nullptr};
    put_few(AT(const unsigned char, weight), STAGED, dense_tile(rows, 8), cols, outputs, target,
            (float*) shared);
}

// out [T,N] = activation(x * gate^T, x * up^T). Grid x: outputs / (few_outputs(K) / 2).
ENTRY(FEW_THREADS, 2) few_packed_gated(MATRIX(gate), MATRIX(up), MATRIX(x), MATRIX(scales),
        MATRIX(sums), int rows, int cols, int outputs, int activation, MATRIX(out)) {
    DYNAMIC_SHARED(shared);
    wide first = (wide) blockIdx.y * 8;
    int count = rows - (int) first < 8 ? rows - (int) first : 8;
    int quads = FEW_WARPS / along(cols / 32);
    int n0 = (int) blockIdx.x * quads * 2;
    float* values = (float*) shared;
    float total = few_total<true>(AT(const unsigned char, gate), AT(const unsigned char, up),
            STAGED, first, count, cols, outputs, n0, values);
    // few_total ends at a barrier, so its values may go.
    int pair = (int) threadIdx.x;
    int pairs = quads * QUAD * count;
    if (pair < pairs) {
        values[pair] = total;
    }
    sync();
    int j = pair / count;
    int n = n0 + j / QUAD * 2 + j % QUAD;
    if (pair < pairs && j % QUAD < 2 && n < outputs) {
        AT(float, out)[(first + pair % count) * outputs + n] =
                activated(activation, values[pair], values[pair + 2 * count]);
    }
}

#define GROUPED_FEW(tileRows) \
    DYNAMIC_SHARED(shared); \
    Tile tile = grouped_tile(AT(const int, tiles), tileMax, tileRows, AT(const int, starts), \
            AT(const wide, places), buffer); \
    if (tile.count == 0) { \
        return; \
    } \
    Target target = {AT(float, out), outCols, outColumn, nullptr, \
        biased ? AT(const float, bias) + (wide) tile.group * outputs : nullptr, \
        mapped ? AT(const int, outRows) : nullptr}; \
    put_few(AT(const unsigned char, weight) + tile.weight, STAGED, tile, cols, outputs, target, \
            (float*) shared);

// Tiles of at most 8 rows; the arguments of product_grouped_few, but tileRows behind tileMax.
ENTRY(FEW_THREADS, 2) few_packed_grouped(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x),
        MATRIX(scales), MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax, int tileRows,
        int cols, int outputs, MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out),
        int outCols, int outColumn) {
    GROUPED_FEW(tileRows)
}

// The arguments of product_grouped_few, whose tiles have 4 rows.
ENTRY(FEW_THREADS, 2) product_grouped_few_packed(MATRIX(weight), int buffer, MATRIX(places),
        MATRIX(x), MATRIX(scales), MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax,
        int cols, int outputs, MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out),
        int outCols, int outColumn) {
    GROUPED_FEW(4)
}

// Both products of an expert's gate and up with the activation: out [pairs, N] in sorted order.
// gatePlaces and upPlaces count from one base and are never absent apart (an expert has all of
// its weights or none). Biases as in the shared kernels, one row a group.
ENTRY(FEW_THREADS, 2) few_packed_grouped_gated(MATRIX(weight), int buffer, MATRIX(gatePlaces),
        MATRIX(upPlaces), MATRIX(x), MATRIX(scales), MATRIX(sums), MATRIX(starts), MATRIX(tiles),
        int tileMax, int tileRows, int cols, int outputs, MATRIX(gateBias), MATRIX(upBias),
        int biased, int activation, MATRIX(out)) {
    DYNAMIC_SHARED(shared);
    Tile tile = grouped_tile(AT(const int, tiles), tileMax, tileRows, AT(const int, starts),
            AT(const wide, gatePlaces), buffer);
    if (tile.count == 0) {
        return;
    }
    int quads = FEW_WARPS / along(cols / 32);
    int n0 = (int) blockIdx.x * quads * 2;
    float* values = (float*) shared;
    const unsigned char* base = AT(const unsigned char, weight);
    float total = few_total<true>(base + tile.weight,
            base + AT(const wide, upPlaces)[2 * tile.group], STAGED, tile.first, tile.count,
            cols, outputs, n0, values);
    int pair = (int) threadIdx.x;
    int pairs = quads * QUAD * tile.count;
    if (pair < pairs) {
        int j = pair / tile.count;
        int n = n0 + j / QUAD * 2 + j % 2;
        if (biased && n < outputs) {
            wide at = (wide) tile.group * outputs + n;
            total = plus(total, j % QUAD < 2 ? AT(const float, gateBias)[at]
                    : AT(const float, upBias)[at]);
        }
        values[pair] = total;
    }
    sync();
    int j = pair / tile.count;
    int n = n0 + j / QUAD * 2 + j % QUAD;
    if (pair < pairs && j % QUAD < 2 && n < outputs) {
        AT(float, out)[(wide) (tile.first + pair % tile.count) * outputs + n] =
                activated(activation, values[pair], values[pair + 2 * tile.count]);
    }
}
