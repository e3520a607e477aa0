// Products of many rows with packed weights on tensor cores: out [T,N] = x [T,K] * weight
// [N,K]^T, bit for bit as the shared kernels compute it. Compiled once for each packed encoding.
//
// mma of signed bytes sums the 32 columns of a block exactly; each lane then scales its four sums
// and adds them to its totals, block after block, which is the contract's order. Outputs are rows
// of the left operand, rows of x columns of the right one. A stage of shared memory holds four
// blocks (128 columns) of the tile's rows; copies of the next stages run while one is used.
//
// Three tiles, outputs x rows: small 16 x 32 (batched decode: many blocks of threads),
// middle 64 x 64, large 128 x 128. Dynamic shared memory: bytes_shared(tile).
#include "packed.cuh"
#include "target.cuh"

// Blocks of 32 columns in a stage.
#define DEPTH 4
// Strides in words, so that the eight rows that a warp reads at once fall into different banks.
#define CODE_STRIDE 20
#define PAIR_STRIDE 10
#define FIFTH_STRIDE 5
#if defined(ENCODING_MXFP4)
#define X_STRIDE 40
#else
#define X_STRIDE 36
#endif
// Adding an integer to the bits of 2^23 + 2^22 and taking that off again as a float converts it,
// exactly for integers below 2^22 in size: twice as fast as a conversion.
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4B400000

#if CODE_ZERO != 0 || CODE_MINIMUM
#define SUMS_NEEDED 1
#else
#define SUMS_NEEDED 0
#endif

// Shape of a tile, and the places of a stage's parts in words.
template <int M_WARPS, int N_WARPS, int M_TILES, int N_TILES, int STAGES> struct Shape {
    static constexpr int mWarps = M_WARPS, nWarps = N_WARPS, mTiles = M_TILES, nTiles = N_TILES;
    static constexpr int stages = STAGES;
    static constexpr int threads = 32 * M_WARPS * N_WARPS;
    static constexpr int m = 16 * M_WARPS * M_TILES, n = 8 * N_WARPS * N_TILES;
    static constexpr int codesAt = 0;
    static constexpr int upperAt = codesAt + m * CODE_STRIDE;
#if defined(ENCODING_Q8_0)
    static constexpr int xAt = upperAt + m * CODE_STRIDE;
#elif defined(ENCODING_Q6_K)
    static constexpr int xAt = upperAt + m * PAIR_STRIDE;
#elif defined(ENCODING_Q5_K)
    static constexpr int xAt = upperAt + (m * FIFTH_STRIDE + 3) / 4 * 4;
#else
    static constexpr int xAt = upperAt;
#endif
    static constexpr int sumsAt = xAt + n * X_STRIDE;
    static constexpr int dAt = sumsAt + (SUMS_NEEDED ? 2 * DEPTH * n : 0);
    static constexpr int scalesAt = dAt + DEPTH * n;
    static constexpr int minimaAt = scalesAt + CODE_SCALES * DEPTH * m;
    static constexpr int words = minimaAt + (CODE_MINIMUM ? DEPTH * m : 0);
    static constexpr int scaleItems = (DEPTH * m + threads - 1) / threads;
};

// Operands of a tile: outputs n0.. of weight, rows first.. + count of x.
struct Operands {
    const unsigned char* weight;
    const unsigned char* codes;
    const float* scales;
    const int2* sums;
    int blocks, outputs, n0, count;
    wide first;
};

// Starts the copies of blocks b0.. + DEPTH to a stage.
template <class S> INLINE void copy_stage(const Operands& p, int b0, unsigned* stage) {
    [[maybe_unused]] wide total = (wide) p.outputs * p.blocks;
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < S::m * DEPTH; i += S::threads) {
        int r = i / DEPTH;
        int k = i % DEPTH;
        bool live = p.n0 + r < p.outputs && b0 + k < p.blocks;
        wide at = live ? (wide) (p.n0 + r) * p.blocks + b0 + k : 0;
        copy16(stage + S::codesAt + r * CODE_STRIDE + 4 * k, p.weight + 16 * at, live);
#if defined(ENCODING_Q8_0)
        copy16(stage + S::upperAt + r * CODE_STRIDE + 4 * k, p.weight + 16 * (total + at), live);
#elif defined(ENCODING_Q6_K)
        copy8(stage + S::upperAt + r * PAIR_STRIDE + 2 * k, p.weight + PAIRS_AT(total) + 8 * at,
                live);
#elif defined(ENCODING_Q5_K)
        copy4(stage + S::upperAt + r * FIFTH_STRIDE + k, p.weight + FIFTH_BITS_AT(total) + 4 * at,
                live);
#endif
    }
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < S::n * DEPTH * 2; i += S::threads) {
        int r = i / (2 * DEPTH);
        int half = i % (2 * DEPTH);
        bool live = r < p.count && b0 + half / 2 < p.blocks;
        wide at = live ? (p.first + r) * p.blocks + b0 + half / 2 : 0;
        copy16(stage + S::xAt + r * X_STRIDE + 4 * half, p.codes + 32 * at + 16 * (half % 2), live);
    }
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < S::n * DEPTH; i += S::threads) {
        int r = i / DEPTH;
        int k = i % DEPTH;
        bool live = r < p.count && b0 + k < p.blocks;
        wide at = live ? (p.first + r) * p.blocks + b0 + k : 0;
        copy4(stage + S::dAt + k * S::n + r, p.scales + at, live);
        if (SUMS_NEEDED) {
            copy8(stage + S::sumsAt + 2 * (k * S::n + r), p.sums + at, live);
        }
    }
}

// The scales of a stage go through registers, since they are decoded on the way.
template <class S> INLINE void fetch_stage_scales(const Operands& p, int b0, Raw* raw) {
    UNROLL
    for (int item = 0; item < S::scaleItems; item++) {
        int i = (int) threadIdx.x + item * S::threads;
        int n = p.n0 + i / DEPTH;
        int b = b0 + i % DEPTH;
        bool live = i < S::m * DEPTH && n < p.outputs && b < p.blocks;
        fetch_scales(p.weight, (wide) p.outputs * p.blocks, live ? (wide) n * p.blocks + b : 0,
                raw[item]);
    }
}

template <class S> INLINE void store_stage_scales(const Operands& p, int b0, const Raw* raw,
        unsigned* stage) {
    float* scales = (float*) stage + S::scalesAt;
    float* minima = (float*) stage + S::minimaAt;
    UNROLL
    for (int item = 0; item < S::scaleItems; item++) {
        int i = (int) threadIdx.x + item * S::threads;
        int r = i / DEPTH;
        int k = i % DEPTH;
        if (i >= S::m * DEPTH) {
            return;
        }
        bool live = p.n0 + r < p.outputs && b0 + k < p.blocks;
        float scale[CODE_SCALES];
        float minimum[1] = {0.0f};
        unpack_scales(raw[item], b0 + k, scale, minimum);
        UNROLL
        for (int s = 0; s < CODE_SCALES; s++) {
            scales[(s * DEPTH + k) * S::m + r] = live ? scale[s] : 0.0f;
        }
        if (CODE_MINIMUM) {
            minima[k * S::m + r] = live ? minimum[0] : 0.0f;
        }
    }
}

// The left fragment of 16 rows of weights from `row` on, this lane's words of it.
template <class S> INLINE void left_fragment(const unsigned* stage, int k, int row, unsigned* a) {
    int t = LANE_OF_WARP % 4;
    UNROLL
    for (int h = 0; h < 2; h++) {
        int r = row + LANE_OF_WARP / 4 + 8 * h;
        unsigned word = stage[S::codesAt + r * CODE_STRIDE + 4 * k + t];
        unsigned upper = 0;
        unsigned fifth = 0;
        uint2 pairs = {0, 0};
#if defined(ENCODING_Q8_0)
        upper = stage[S::upperAt + r * CODE_STRIDE + 4 * k + t];
#elif defined(ENCODING_Q6_K)
        pairs = *(const uint2*) (stage + S::upperAt + r * PAIR_STRIDE + 2 * k);
#elif defined(ENCODING_Q5_K)
        fifth = stage[S::upperAt + r * FIFTH_STRIDE + k];
#endif
        unpack_word(word, upper, fifth, pairs, t, a[h], a[2 + h]);
    }
}

// Adds block k of the stage to the totals of a fragment of 16 outputs and 8 rows of x.
INLINE void add_block(const unsigned* a, unsigned b0, unsigned b1, int4 sums, float2 d,
        const float* scale, const float* minimum, float* totals) {
    int asum0[2] = {sums.x, sums.z};
    int asum1[2] = {sums.y, sums.w};
    float ds[2] = {d.x, d.y};
#if CODE_SCALES == 2
    int first[4];
    int second[4];
    UNROLL
    for (int i = 0; i < 4; i++) {
        first[i] = ROUNDER_BITS - CODE_ZERO * asum0[i % 2];
        second[i] = ROUNDER_BITS - CODE_ZERO * asum1[i % 2];
    }
    mma_bytes16(first, a[0], a[1], b0);
    mma_bytes16(second, a[2], a[3], b1);
#else
    int first[4];
    UNROLL
    for (int i = 0; i < 4; i++) {
        first[i] = ROUNDER_BITS - CODE_ZERO * (asum0[i % 2] + asum1[i % 2]);
    }
    mma_bytes32(first, a, b0, b1);
#endif
    UNROLL
    for (int i = 0; i < 4; i++) {
        float sum0 = plus(float_of((unsigned) first[i]), -ROUNDER);
#if CODE_SCALES == 2
        float sum1 = plus(float_of((unsigned) second[i]), -ROUNDER);
#else
        float sum1 = 0.0f;
#endif
        float lift = CODE_MINIMUM
                ? times(ds[i % 2], (float) (asum0[i % 2] + asum1[i % 2])) : 0.0f;
        totals[i] = plus(totals[i], block_value(sum0, sum1, scale + i / 2 * CODE_SCALES,
                minimum + i / 2, ds[i % 2], lift));
    }
}

template <class S> INLINE void add_stage(const unsigned* stage,
        float (*totals)[S::nTiles][4]) {
    int g = LANE_OF_WARP / 4;
    int t = LANE_OF_WARP % 4;
    int row0 = WARP / S::nWarps * S::mTiles * 16;
    int col0 = WARP % S::nWarps * S::nTiles * 8;
    UNROLL
    for (int k = 0; k < DEPTH; k++) {
        unsigned a[S::mTiles][4];
        float scale[S::mTiles][2 * CODE_SCALES];
        float minimum[S::mTiles][2];
        UNROLL
        for (int i = 0; i < S::mTiles; i++) {
            left_fragment<S>(stage, k, row0 + 16 * i, a[i]);
            UNROLL
            for (int h = 0; h < 2; h++) {
                int r = row0 + 16 * i + g + 8 * h;
                UNROLL
                for (int s = 0; s < CODE_SCALES; s++) {
                    scale[i][h * CODE_SCALES + s] =
                            float_of(stage[S::scalesAt + (s * DEPTH + k) * S::m + r]);
                }
                minimum[i][h] = CODE_MINIMUM ? float_of(stage[S::minimaAt + k * S::m + r]) : 0.0f;
            }
        }
        UNROLL
        for (int j = 0; j < S::nTiles; j++) {
            const unsigned* x = stage + S::xAt + (col0 + 8 * j + g) * X_STRIDE + 8 * k;
#if defined(ENCODING_MXFP4)
            uint2 both = *(const uint2*) (x + 2 * t);
            unsigned b0 = both.x;
            unsigned b1 = both.y;
#else
            unsigned b0 = x[t];
            unsigned b1 = x[4 + t];
#endif
            int col = k * S::n + col0 + 8 * j + 2 * t;
            float2 d = *(const float2*) (stage + S::dAt + col);
            int4 sums = {0, 0, 0, 0};
            if (SUMS_NEEDED) {
                sums = *(const int4*) (stage + S::sumsAt + 2 * col);
            }
            UNROLL
            for (int i = 0; i < S::mTiles; i++) {
                add_block(a[i], b0, b1, sums, d, scale[i], minimum[i], totals[i][j]);
            }
        }
    }
}

template <class S> INLINE void product_of_tile(const Operands& p, const Target& target,
        unsigned* shared) {
    float totals[S::mTiles][S::nTiles][4];
    UNROLL
    for (int i = 0; i < S::mTiles; i++) {
        UNROLL
        for (int j = 0; j < 4 * S::nTiles; j++) {
            totals[i][j / 4][j % 4] = 0.0f;
        }
    }
    int steps = (p.blocks + DEPTH - 1) / DEPTH;
    Raw raw[S::scaleItems];
    KEEP_LOOP
    for (int step = 0; step < S::stages - 1; step++) {
        unsigned* stage = shared + step * S::words;
        copy_stage<S>(p, step * DEPTH, stage);
        commit();
        fetch_stage_scales<S>(p, step * DEPTH, raw);
        store_stage_scales<S>(p, step * DEPTH, raw, stage);
    }
    KEEP_LOOP
    for (int step = 0; step < steps; step++) {
        wait_copies<S::stages - 2>();
        sync();
        // All have left the stage that comes before this one in the ring: it is filled anew.
        int next = step + S::stages - 1;
        unsigned* free = shared + next % S::stages * S::words;
        if (next < steps) {
            copy_stage<S>(p, next * DEPTH, free);
            fetch_stage_scales<S>(p, next * DEPTH, raw);
        }
        commit();
        add_stage<S>(shared + step % S::stages * S::words, totals);
        if (next < steps) {
            store_stage_scales<S>(p, next * DEPTH, raw, free);
        }
    }
    int row0 = WARP / S::nWarps * S::mTiles * 16 + LANE_OF_WARP / 4;
    int col0 = WARP % S::nWarps * S::nTiles * 8 + LANE_OF_WARP % 4 * 2;
    UNROLL
    for (int i = 0; i < S::mTiles; i++) {
        UNROLL
        for (int j = 0; j < 4 * S::nTiles; j++) {
            int n = p.n0 + row0 + 16 * i + j % 4 / 2 * 8;
            int t = col0 + j / 4 * 8 + j % 2;
            if (n < p.outputs && t < p.count) {
                put(target, p.first + t, n, totals[i][j / 4][j % 4]);
            }
        }
    }
}

typedef Shape<1, 4, 1, 1, 4> Small;
typedef Shape<2, 2, 2, 4, 3> Middle;
typedef Shape<2, 4, 4, 4, 3> Large;

#define OPERANDS(S, tile) { \
    AT(const unsigned char, weight) + (tile).weight, AT(const unsigned char, x), \
    AT(const float, scales), AT(const int2, sums), cols / 32, outputs, \
    (int) blockIdx.x * S::m, (tile).count, (tile).first}

// The arguments of few_packed. Grid x: outputs / m, y: rows / n.
#define DENSE(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums), \
            int rows, int cols, int outputs, MATRIX(added), int addedTo, MATRIX(out), \
            int outCols, int outColumn) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rows, S::n); \
        Operands operands = OPERANDS(S, tile); \
        Target target = {AT(float, out), outCols, outColumn, \
            addedTo ? AT(const float, added) : nullptr, nullptr, nullptr}; \
        product_of_tile<S>(operands, target, (unsigned*) shared); \
    }

// The same with the arguments of product_tiles.
#define TILES(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums), \
            int rows, int cols, int outputs, MATRIX(out)) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rows, S::n); \
        Operands operands = OPERANDS(S, tile); \
        Target target = {AT(float, out), outputs, 0, nullptr, nullptr, nullptr}; \
        product_of_tile<S>(operands, target, (unsigned*) shared); \
    }

// The arguments of product_grouped_tiles, whose tiles have n rows (32 for the small one). Grid x:
// outputs / m, y: tiles.
#define GROUPED(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x), \
            MATRIX(scales), MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax, int cols, \
            int outputs, MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out), \
            int outCols, int outColumn) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = grouped_tile(AT(const int, tiles), tileMax, S::n, AT(const int, starts), \
                AT(const wide, places), buffer); \
        if (tile.count == 0) { \
            return; \
        } \
        Operands operands = OPERANDS(S, tile); \
        Target target = {AT(float, out), outCols, outColumn, nullptr, \
            biased ? AT(const float, bias) + (wide) tile.group * outputs : nullptr, \
            mapped ? AT(const int, outRows) : nullptr}; \
        product_of_tile<S>(operands, target, (unsigned*) shared); \
    }

DENSE(bytes_small, Small, 4)
DENSE(bytes_middle, Middle, 2)
DENSE(bytes_large, Large, 1)
TILES(product_tiles_packed_small, Small, 4)
TILES(product_tiles_packed_middle, Middle, 2)
TILES(product_tiles_packed_large, Large, 1)
GROUPED(bytes_grouped_small, Small, 4)
GROUPED(bytes_grouped_middle, Middle, 2)
GROUPED(bytes_grouped_large, Large, 1)
