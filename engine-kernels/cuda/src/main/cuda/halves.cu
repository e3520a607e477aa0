// Products with weights in F16 or BF16 on tensor cores: out [T,N] = x [T,K] * weight [N,K]^T, with
// rows of x staged as PARTS halves each (staging.cu, stage_halves). Compiled for each encoding and
// for PARTS 1, which rounds x to the weight's type as peers do, and 3, which holds all bits of x.
// One long file, because all its kernels must keep one order. Weights stay as the file has them.
// K is a multiple of 8; a matrix begins at a multiple of 16.
//
// **One order for every row count.** K is cut into chunks of 512 columns. A chunk's sum begins at
// zero and takes 32 columns at a time, ascending; of these, part after part, two mma of 16 columns
// each: lane t of four has columns 8 t .. 8 t + 7, the first mma takes the first four of each, the
// second the others. The chunks' sums are added in ascending order, and the power of two that the
// row was staged with is taken off. Which kernel, which tile and how many rows change none of it,
// if a tensor core gives the same bits for the same fragments at every place of a tile.
//
// With FLOAT_X 1 (BF16 only) x comes as the floats themselves, as the shared kernels get it, and is
// split into parts on the way; its kernels take the shared kernels' arguments and give the same
// bits as those that take staged halves, which are a little less work for each product of a row.
//
// The order in which an mma adds its 16 products is the device's own; so results agree with a
// scalar reference to a tolerance: 2^-9 (BF16, PARTS 1) or 2^-12 (F16, PARTS 1) of sum |x w| at
// worst for x, and (K / 16 + 64) 2^-23 of it at worst for the sums.
#include "target.cuh"

#if defined(ENCODING_F16)
#define MMA mma_half
#else
#define MMA mma_bfloat
#endif
#define CHUNK 512

#if !defined(FLOAT_X)
#define FLOAT_X 0
#endif
#if FLOAT_X
#if defined(ENCODING_F16)
#error "F16 needs rows that are staged with their power of two"
#endif
typedef float XElement;
#else
typedef unsigned short XElement;
#endif

// x [PARTS, rowsTotal, K] halves, or [rowsTotal, K] floats without factors; outputs n0.. of the
// weights, rows first.. + count of x.
struct Operands {
    const unsigned short* left;
    const unsigned short* right;
    const XElement* x;
    const float* factors;
    int rowsTotal, cols, outputs, n0, count;
    wide first;
};

// Rows g and g + 8 of a left operand against a column of x, 32 columns of K.
INLINE void add_columns(float* sum, const uint4& upper, const uint4& lower, const uint4& x) {
    unsigned first[4] = {upper.x, lower.x, upper.y, lower.y};
    MMA(sum, first, x.x, x.y);
    unsigned second[4] = {upper.z, lower.z, upper.w, lower.w};
    MMA(sum, second, x.z, x.w);
}

#if FLOAT_X
// The next part of eight floats: as halves, and taken off them.
INLINE uint4 next_part(float* rest) {
    unsigned words[4];
    UNROLL
    for (int i = 0; i < 4; i++) {
        words[i] = bfloat_pair(rest[2 * i], rest[2 * i + 1]);
        rest[2 * i] = plus(rest[2 * i], -float_of(words[i] << 16));
        rest[2 * i + 1] = plus(rest[2 * i + 1], -float_of(words[i] & 0xFFFF0000u));
    }
    uint4 part = {words[0], words[1], words[2], words[3]};
    return part;
}

INLINE void spread(const float4& low, const float4& high, float* rest) {
    rest[0] = low.x;
    rest[1] = low.y;
    rest[2] = low.z;
    rest[3] = low.w;
    rest[4] = high.x;
    rest[5] = high.y;
    rest[6] = high.z;
    rest[7] = high.w;
}
#endif

INLINE float scaled_back(const Operands& p, wide row, float total) {
    return FLOAT_X ? total : times(total, p.factors[row]);
}

// ---- few rows ---------------------------------------------------------------------------------

// Groups of 32 columns whose weights a lane loads before it uses the first.
#define AHEAD 4

INLINE uint4 zeros() {
    uint4 z = {0, 0, 0, 0};
    return z;
}

// Eight columns of x from `column` on for each tile of eight rows.
template <int N_TILES> struct XColumns {
#if FLOAT_X
    float rest[N_TILES][8];
#endif
};

template <int N_TILES> INLINE void begin_x(const Operands& p, int column,
        XColumns<N_TILES>& columns) {
#if FLOAT_X
    UNROLL
    for (int j = 0; j < N_TILES; j++) {
        int r = 8 * j + LANE_OF_WARP / 4;
        bool live = r < p.count && column < p.cols;
        const float* at = p.x + (live ? (p.first + r) * p.cols + column : 0);
        float4 low = *(const float4*) at;
        float4 high = *(const float4*) (at + 4);
        spread(low, high, columns.rest[j]);
        UNROLL
        for (int i = 0; i < 8; i++) {
            columns.rest[j][i] = live ? columns.rest[j][i] : 0.0f;
        }
    }
#endif
}

template <int N_TILES> INLINE void part_of_x(const Operands& p, int column, int part,
        XColumns<N_TILES>& columns, uint4* x) {
    UNROLL
    for (int j = 0; j < N_TILES; j++) {
#if FLOAT_X
        x[j] = next_part(columns.rest[j]);
#else
        int r = 8 * j + LANE_OF_WARP / 4;
        wide at = ((wide) part * p.rowsTotal + p.first + r) * p.cols + column;
        x[j] = r < p.count && column < p.cols ? load16(p.x + at) : zeros();
#endif
    }
}

// Sums of one chunk for 16 outputs of each matrix and 8 * N_TILES rows.
template <int N_TILES, int MATRICES> INLINE void chunk_sums(const Operands& p, int chunk,
        float (*sums)[N_TILES][4]) {
    int g = LANE_OF_WARP / 4;
    int upperRow = p.n0 + g < p.outputs ? p.n0 + g : p.outputs - 1;
    int lowerRow = p.n0 + g + 8 < p.outputs ? p.n0 + g + 8 : p.outputs - 1;
    int begin = chunk * CHUNK + LANE_OF_WARP % 4 * 8;
    KEEP_LOOP
    for (int start = 0; start < CHUNK; start += 32 * AHEAD) {
        if (chunk * CHUNK + start >= p.cols) {
            return;
        }
        uint4 w[AHEAD][2 * MATRICES];
        UNROLL
        for (int i = 0; i < AHEAD; i++) {
            int column = begin + start + 32 * i;
            UNROLL
            for (int m = 0; m < MATRICES; m++) {
                const unsigned short* weight = m == 0 ? p.left : p.right;
                bool live = column < p.cols;
                w[i][2 * m] = live ? load16_once(weight + (wide) upperRow * p.cols + column)
                        : zeros();
                w[i][2 * m + 1] = live ? load16_once(weight + (wide) lowerRow * p.cols + column)
                        : zeros();
            }
        }
        UNROLL
        for (int i = 0; i < AHEAD; i++) {
            int column = begin + start + 32 * i;
            XColumns<N_TILES> columns;
            begin_x<N_TILES>(p, column, columns);
            UNROLL
            for (int part = 0; part < PARTS; part++) {
                uint4 x[N_TILES];
                part_of_x<N_TILES>(p, column, part, columns, x);
                UNROLL
                for (int m = 0; m < MATRICES; m++) {
                    UNROLL
                    for (int j = 0; j < N_TILES; j++) {
                        add_columns(sums[m][j], w[i][2 * m], w[i][2 * m + 1], x[j]);
                    }
                }
            }
        }
    }
}

// Warps take chunks in turn; the sums of all chunks stand in shared memory, [matrix, chunk, 16,
// 8 * N_TILES], until they are added in order. Afterwards the totals stand where the sums of
// chunk 0 were.
template <int N_TILES, int MATRICES> INLINE void few_totals(const Operands& p, float* shared) {
    constexpr int ELEMENTS = 16 * 8 * N_TILES;
    int chunks = (p.cols + CHUNK - 1) / CHUNK;
    int g = LANE_OF_WARP / 4;
    int t = LANE_OF_WARP % 4;
    KEEP_LOOP
    for (int chunk = WARP; chunk < chunks; chunk += (int) blockDim.x / 32) {
        float sums[MATRICES][N_TILES][4];
        UNROLL
        for (int i = 0; i < MATRICES * N_TILES * 4; i++) {
            sums[i / 4 / N_TILES][i / 4 % N_TILES][i % 4] = 0.0f;
        }
        chunk_sums<N_TILES, MATRICES>(p, chunk, sums);
        UNROLL
        for (int i = 0; i < MATRICES * N_TILES * 4; i++) {
            int m = i / 4 / N_TILES;
            int j = i / 4 % N_TILES;
            int row = g + i % 4 / 2 * 8;
            shared[(m * chunks + chunk) * ELEMENTS + row * 8 * N_TILES + 8 * j + 2 * t + i % 2] =
                    sums[m][j][i % 4];
        }
    }
    sync();
    for (int i = (int) threadIdx.x; i < MATRICES * ELEMENTS; i += (int) blockDim.x) {
        float* sums = shared + (wide) (i / ELEMENTS) * chunks * ELEMENTS + i % ELEMENTS;
        float total = 0.0f;
        for (int chunk = 0; chunk < chunks; chunk++) {
            total = plus(total, sums[chunk * ELEMENTS]);
        }
        int r = i % (8 * N_TILES);
        sums[0] = r < p.count ? scaled_back(p, p.first + r, total) : 0.0f;
    }
    sync();
}

template <int N_TILES> INLINE void put_totals(const Operands& p, const Target& target,
        const float* totals) {
    for (int i = (int) threadIdx.x; i < 16 * 8 * N_TILES; i += (int) blockDim.x) {
        // Neighbouring threads have neighbouring outputs of one row.
        int row = i % 16;
        int r = i / 16;
        if (r < p.count && p.n0 + row < p.outputs) {
            put(target, p.first + r, p.n0 + row, totals[row * 8 * N_TILES + r]);
        }
    }
}

// Biases of gate and up are rows of [groups, N], or null.
template <int N_TILES> INLINE void put_gated(const Operands& p, int activation,
        const float* gateBias, const float* upBias, float* out, const float* shared) {
    int chunks = (p.cols + CHUNK - 1) / CHUNK;
    const float* right = shared + chunks * 16 * 8 * N_TILES;
    for (int i = (int) threadIdx.x; i < 16 * 8 * N_TILES; i += (int) blockDim.x) {
        int row = i % 16;
        int r = i / 16;
        int n = p.n0 + row;
        if (r < p.count && n < p.outputs) {
            float gate = shared[row * 8 * N_TILES + r];
            float up = right[row * 8 * N_TILES + r];
            if (gateBias != nullptr) {
                gate = plus(gate, gateBias[n]);
                up = plus(up, upBias[n]);
            }
            out[(p.first + r) * p.outputs + n] = activated(activation, gate, up);
        }
    }
}

#if !FLOAT_X

#define X_OF AT(const unsigned short, x), AT(const float, factors), rowsTotal, cols, outputs

// Dense, 8 * N_TILES rows a block of threads. Block: 32 * min(8, K / 512 rounded up). Dynamic
// shared memory: K / 512 rounded up * 512 * N_TILES bytes, twice that when gated. Grid x:
// outputs / 16, y: rowsTotal / (8 * N_TILES).
#define FEW(name, N_TILES) \
    ENTRY(256, N_TILES == 1 ? 2 : 1) name(MATRIX(weight), MATRIX(x), MATRIX(factors), \
            int rowsTotal, int cols, int outputs, MATRIX(added), int addedTo, MATRIX(out), \
            int outCols, int outColumn) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rowsTotal, 8 * N_TILES); \
        Operands p = {AT(const unsigned short, weight), nullptr, X_OF, (int) blockIdx.x * 16, \
            tile.count, tile.first}; \
        Target target = {AT(float, out), outCols, outColumn, \
            addedTo ? AT(const float, added) : nullptr, nullptr, nullptr}; \
        few_totals<N_TILES, 1>(p, (float*) shared); \
        put_totals<N_TILES>(p, target, (const float*) shared); \
    }

#define FEW_GATED(name, N_TILES) \
    ENTRY(256, 1) name(MATRIX(gate), MATRIX(up), MATRIX(x), MATRIX(factors), int rowsTotal, \
            int cols, int outputs, int activation, MATRIX(out)) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rowsTotal, 8 * N_TILES); \
        Operands p = {AT(const unsigned short, gate), AT(const unsigned short, up), X_OF, \
            (int) blockIdx.x * 16, tile.count, tile.first}; \
        few_totals<N_TILES, 2>(p, (float*) shared); \
        put_gated<N_TILES>(p, activation, nullptr, nullptr, AT(float, out), \
                (const float*) shared); \
    }

FEW(halves_few8, 1)
FEW(halves_few16, 2)
FEW(halves_few32, 4)
FEW_GATED(halves_few8_gated, 1)
FEW_GATED(halves_few16_gated, 2)
FEW_GATED(halves_few32_gated, 4)

// Tiles of at most 8 rows of a group. rowsTotal: rows of the staged x. Grid y: tileMax.
ENTRY(256, 2) halves_few_grouped(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x),
        MATRIX(factors), int rowsTotal, MATRIX(starts), MATRIX(tiles), int tileMax, int tileRows,
        int cols, int outputs, MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out),
        int outCols, int outColumn) {
    DYNAMIC_SHARED(shared);
    Tile tile = grouped_tile(AT(const int, tiles), tileMax, tileRows, AT(const int, starts),
            AT(const wide, places), buffer);
    if (tile.count == 0) {
        return;
    }
    Operands p = {(const unsigned short*) (AT(const unsigned char, weight) + tile.weight), nullptr,
        X_OF, (int) blockIdx.x * 16, tile.count, tile.first};
    Target target = {AT(float, out), outCols, outColumn, nullptr,
        biased ? AT(const float, bias) + (wide) tile.group * outputs : nullptr,
        mapped ? AT(const int, outRows) : nullptr};
    few_totals<1, 1>(p, (float*) shared);
    put_totals<1>(p, target, (const float*) shared);
}

// The same for gate and up with the activation: out [pairs, N] in sorted order.
ENTRY(256, 1) halves_few_grouped_gated(MATRIX(weight), int buffer, MATRIX(gatePlaces),
        MATRIX(upPlaces), MATRIX(x), MATRIX(factors), int rowsTotal, MATRIX(starts),
        MATRIX(tiles), int tileMax, int tileRows, int cols, int outputs, MATRIX(gateBias),
        MATRIX(upBias), int biased, int activation, MATRIX(out)) {
    DYNAMIC_SHARED(shared);
    Tile tile = grouped_tile(AT(const int, tiles), tileMax, tileRows, AT(const int, starts),
            AT(const wide, gatePlaces), buffer);
    if (tile.count == 0) {
        return;
    }
    const unsigned char* base = AT(const unsigned char, weight);
    wide upAt = AT(const wide, upPlaces)[2 * tile.group];
    Operands p = {(const unsigned short*) (base + tile.weight),
        (const unsigned short*) (base + upAt), X_OF, (int) blockIdx.x * 16, tile.count,
        tile.first};
    wide row = (wide) tile.group * outputs;
    few_totals<1, 2>(p, (float*) shared);
    put_gated<1>(p, activation, biased ? AT(const float, gateBias) + row : nullptr,
            biased ? AT(const float, upBias) + row : nullptr, AT(float, out),
            (const float*) shared);
}

#else

#define X_OF AT(const float, x), nullptr, rows, cols, outputs

// product_few with its arguments. Block, shared memory and grid as for FEW.
#define FEW(name, N_TILES) \
    ENTRY(256, N_TILES == 1 ? 2 : 1) name(MATRIX(weight), MATRIX(x), MATRIX(scales), \
            MATRIX(sums), int rows, int cols, int outputs, MATRIX(out)) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rows, 8 * N_TILES); \
        Operands p = {AT(const unsigned short, weight), nullptr, X_OF, (int) blockIdx.x * 16, \
            tile.count, tile.first}; \
        Target target = {AT(float, out), outputs, 0, nullptr, nullptr, nullptr}; \
        few_totals<N_TILES, 1>(p, (float*) shared); \
        put_totals<N_TILES>(p, target, (const float*) shared); \
    }

FEW(product_few_halves8, 1)
FEW(product_few_halves16, 2)
FEW(product_few_halves32, 4)

#define SORTED_ARGUMENTS MATRIX(weight), int buffer, MATRIX(places), MATRIX(x), MATRIX(scales), \
        MATRIX(sums), MATRIX(starts), MATRIX(tiles), int tileMax, int cols, int outputs, \
        MATRIX(bias), int biased, MATRIX(outRows), int mapped, MATRIX(out), int outCols, \
        int outColumn

// p and target of a tile of tileRows rows at most, m outputs wide; returns where it is empty.
#define SORTED_TILE(tileRows, m) \
    DYNAMIC_SHARED(shared); \
    Tile tile = grouped_tile(AT(const int, tiles), tileMax, tileRows, AT(const int, starts), \
            AT(const wide, places), buffer); \
    if (tile.count == 0) { \
        return; \
    } \
    int rows = 0; \
    Operands p = {(const unsigned short*) (AT(const unsigned char, weight) + tile.weight), \
        nullptr, X_OF, (int) blockIdx.x * (m), tile.count, tile.first}; \
    Target target = {AT(float, out), outCols, outColumn, nullptr, \
        biased ? AT(const float, bias) + (wide) tile.group * outputs : nullptr, \
        mapped ? AT(const int, outRows) : nullptr};

// product_grouped_few with its arguments; its tiles have 4 rows.
ENTRY(256, 2) product_grouped_few_halves(SORTED_ARGUMENTS) {
    SORTED_TILE(4, 16)
    few_totals<1, 1>(p, (float*) shared);
    put_totals<1>(p, target, (const float*) shared);
}

#endif

// ---- tiles of many rows -----------------------------------------------------------------------

// Columns of a stage: 8 pieces of 16 bytes a row.
#define DEPTH 64
#define PIECES 8

template <int M_WARPS, int N_WARPS, int M_TILES, int N_TILES, int STAGES> struct Shape {
    static constexpr int mWarps = M_WARPS, nWarps = N_WARPS, mTiles = M_TILES, nTiles = N_TILES;
    static constexpr int stages = STAGES;
    static constexpr int threads = 32 * M_WARPS * N_WARPS;
    static constexpr int m = 16 * M_WARPS * M_TILES, n = 8 * N_WARPS * N_TILES;
    static constexpr int xAt = m * PIECES;
    static constexpr int pieces = (m + (FLOAT_X ? 2 : PARTS) * n) * PIECES;
};

// Where piece c of row r stands: odd rows have their halves of 64 bytes exchanged, so that two
// rows that are read together use all banks.
INLINE int piece_at(int r, int c) {
    return r * PIECES + (c ^ (r & 1) << 2);
}

#if FLOAT_X
// The same for a row of floats, of which a lane reads two neighbouring pieces.
INLINE int float_piece_at(int r, int c) {
    return r * 2 * PIECES + (c ^ (r & 1));
}
#endif

template <class S> INLINE void copy_stage(const Operands& p, int column0, uint4* stage) {
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < S::m * PIECES; i += S::threads) {
        int r = i / PIECES;
        int column = column0 + i % PIECES * 8;
        bool live = p.n0 + r < p.outputs && column < p.cols;
        copy16(stage + piece_at(r, i % PIECES),
                p.left + (live ? (wide) (p.n0 + r) * p.cols + column : 0), live);
    }
#if FLOAT_X
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < 2 * S::n * PIECES; i += S::threads) {
        int r = i / (2 * PIECES);
        int column = column0 + i % (2 * PIECES) * 4;
        bool live = r < p.count && column < p.cols;
        copy16(stage + S::xAt + float_piece_at(r, i % (2 * PIECES)),
                p.x + (live ? (p.first + r) * p.cols + column : 0), live);
    }
#else
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < PARTS * S::n * PIECES; i += S::threads) {
        int r = i / PIECES % S::n;
        int part = i / PIECES / S::n;
        int column = column0 + i % PIECES * 8;
        bool live = r < p.count && column < p.cols;
        wide row = (wide) part * p.rowsTotal + p.first + r;
        copy16(stage + S::xAt + part * S::n * PIECES + piece_at(r, i % PIECES),
                p.x + (live ? row * p.cols + column : 0), live);
    }
#endif
}

template <class S> INLINE void add_stage(const uint4* stage, float (*sums)[S::nTiles][4]) {
    int g = LANE_OF_WARP / 4;
    int t = LANE_OF_WARP % 4;
    int row0 = WARP / S::nWarps * S::mTiles * 16 + g;
    int col0 = WARP % S::nWarps * S::nTiles * 8 + g;
    UNROLL
    for (int h = 0; h < DEPTH / 32; h++) {
        uint4 w[S::mTiles][2];
        UNROLL
        for (int i = 0; i < 2 * S::mTiles; i++) {
            w[i / 2][i % 2] = stage[piece_at(row0 + 16 * (i / 2) + 8 * (i % 2), 4 * h + t)];
        }
#if FLOAT_X
        float rest[S::nTiles][8];
        UNROLL
        for (int j = 0; j < S::nTiles; j++) {
            const float4* x = (const float4*) (stage + S::xAt);
            spread(x[float_piece_at(col0 + 8 * j, 8 * h + 2 * t)],
                    x[float_piece_at(col0 + 8 * j, 8 * h + 2 * t + 1)], rest[j]);
        }
#endif
        UNROLL
        for (int part = 0; part < PARTS; part++) {
            uint4 x[S::nTiles];
            UNROLL
            for (int j = 0; j < S::nTiles; j++) {
#if FLOAT_X
                x[j] = next_part(rest[j]);
#else
                x[j] = stage[S::xAt + part * S::n * PIECES + piece_at(col0 + 8 * j, 4 * h + t)];
#endif
            }
            UNROLL
            for (int i = 0; i < S::mTiles; i++) {
                unsigned a[4] = {w[i][0].x, w[i][1].x, w[i][0].y, w[i][1].y};
                UNROLL
                for (int j = 0; j < S::nTiles; j++) {
                    MMA(sums[i][j], a, x[j].x, x[j].y);
                }
            }
            UNROLL
            for (int i = 0; i < S::mTiles; i++) {
                unsigned a[4] = {w[i][0].z, w[i][1].z, w[i][0].w, w[i][1].w};
                UNROLL
                for (int j = 0; j < S::nTiles; j++) {
                    MMA(sums[i][j], a, x[j].z, x[j].w);
                }
            }
        }
    }
}

template <class S> INLINE void product_of_tile(const Operands& p, const Target& target,
        uint4* shared) {
    float totals[S::mTiles][S::nTiles][4];
    float sums[S::mTiles][S::nTiles][4];
    UNROLL
    for (int i = 0; i < S::mTiles * S::nTiles * 4; i++) {
        totals[i / 4 / S::nTiles][i / 4 % S::nTiles][i % 4] = 0.0f;
        sums[i / 4 / S::nTiles][i / 4 % S::nTiles][i % 4] = 0.0f;
    }
    int steps = (p.cols + DEPTH - 1) / DEPTH;
    KEEP_LOOP
    for (int step = 0; step < S::stages - 1; step++) {
        if (step < steps) {
            copy_stage<S>(p, step * DEPTH, shared + step * S::pieces);
        }
        commit();
    }
    KEEP_LOOP
    for (int step = 0; step < steps; step++) {
        wait_copies<S::stages - 2>();
        sync();
        // All have left the stage that comes before this one in the ring: it is filled anew.
        int next = step + S::stages - 1;
        if (next < steps) {
            copy_stage<S>(p, next * DEPTH, shared + next % S::stages * S::pieces);
        }
        commit();
        add_stage<S>(shared + step % S::stages * S::pieces, sums);
        if ((step + 1) % (CHUNK / DEPTH) == 0 || step + 1 == steps) {
            UNROLL
            for (int i = 0; i < S::mTiles * S::nTiles * 4; i++) {
                float& total = totals[i / 4 / S::nTiles][i / 4 % S::nTiles][i % 4];
                float& sum = sums[i / 4 / S::nTiles][i / 4 % S::nTiles][i % 4];
                total = plus(total, sum);
                sum = 0.0f;
            }
        }
    }
    int row0 = WARP / S::nWarps * S::mTiles * 16 + LANE_OF_WARP / 4;
    int col0 = WARP % S::nWarps * S::nTiles * 8 + LANE_OF_WARP % 4 * 2;
    UNROLL
    for (int i = 0; i < S::mTiles * S::nTiles * 4; i++) {
        int n = p.n0 + row0 + 16 * (i / 4 / S::nTiles) + i % 4 / 2 * 8;
        int t = col0 + 8 * (i / 4 % S::nTiles) + i % 2;
        if (n < p.outputs && t < p.count) {
            put(target, p.first + t, n, scaled_back(p, p.first + t,
                    totals[i / 4 / S::nTiles][i / 4 % S::nTiles][i % 4]));
        }
    }
}

typedef Shape<2, 2, 2, 2, 4> Narrow;
typedef Shape<2, 2, 2, 4, PARTS == 1 || FLOAT_X ? 4 : 3> Middle;
typedef Shape<2, 4, 4, 4, PARTS == 1 || FLOAT_X ? 4 : 3> Large;

#if !FLOAT_X

// The arguments of FEW. Dynamic shared memory: 16 * pieces * stages. Grid x: outputs / m, y:
// rowsTotal / n.
#define DENSE(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), MATRIX(x), MATRIX(factors), int rowsTotal, \
            int cols, int outputs, MATRIX(added), int addedTo, MATRIX(out), int outCols, \
            int outColumn) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rowsTotal, S::n); \
        Operands p = {AT(const unsigned short, weight), nullptr, X_OF, \
            (int) blockIdx.x * S::m, tile.count, tile.first}; \
        Target target = {AT(float, out), outCols, outColumn, \
            addedTo ? AT(const float, added) : nullptr, nullptr, nullptr}; \
        product_of_tile<S>(p, target, (uint4*) shared); \
    }

// The arguments of halves_few_grouped without tileRows, which is n.
#define GROUPED(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), int buffer, MATRIX(places), MATRIX(x), \
            MATRIX(factors), int rowsTotal, MATRIX(starts), MATRIX(tiles), int tileMax, \
            int cols, int outputs, MATRIX(bias), int biased, MATRIX(outRows), int mapped, \
            MATRIX(out), int outCols, int outColumn) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = grouped_tile(AT(const int, tiles), tileMax, S::n, AT(const int, starts), \
                AT(const wide, places), buffer); \
        if (tile.count == 0) { \
            return; \
        } \
        Operands p = {(const unsigned short*) (AT(const unsigned char, weight) + tile.weight), \
            nullptr, X_OF, (int) blockIdx.x * S::m, tile.count, tile.first}; \
        Target target = {AT(float, out), outCols, outColumn, nullptr, \
            biased ? AT(const float, bias) + (wide) tile.group * outputs : nullptr, \
            mapped ? AT(const int, outRows) : nullptr}; \
        product_of_tile<S>(p, target, (uint4*) shared); \
    }

DENSE(halves_middle, Middle, PARTS == 1 ? 2 : 1)
DENSE(halves_large, Large, 1)
GROUPED(halves_grouped_middle, Middle, PARTS == 1 ? 2 : 1)
GROUPED(halves_grouped_large, Large, 1)

#else

// product_tiles with its arguments. Dynamic shared memory, grid and block as for DENSE.
#define DENSE(name, S, resident) \
    ENTRY(S::threads, resident) name(MATRIX(weight), MATRIX(x), MATRIX(scales), MATRIX(sums), \
            int rows, int cols, int outputs, MATRIX(out)) { \
        DYNAMIC_SHARED(shared); \
        Tile tile = dense_tile(rows, S::n); \
        Operands p = {AT(const unsigned short, weight), nullptr, X_OF, \
            (int) blockIdx.x * S::m, tile.count, tile.first}; \
        Target target = {AT(float, out), outputs, 0, nullptr, nullptr, nullptr}; \
        product_of_tile<S>(p, target, (uint4*) shared); \
    }

DENSE(product_tiles_halves_middle, Middle, PARTS == 1 ? 2 : 1)
DENSE(product_tiles_halves_large, Large, 1)

// product_grouped_tiles with its arguments; its tiles have 32 rows.
ENTRY(Narrow::threads, 2) product_grouped_tiles_halves(SORTED_ARGUMENTS) {
    SORTED_TILE(32, Narrow::m)
    product_of_tile<Narrow>(p, target, (uint4*) shared);
}

#endif
