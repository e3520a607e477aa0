// Attention over pages of keys and values in F16, BF16 or Q8_0, bit for bit as attention.cl
// computes it: scores and values by multiply-adds in ascending order of column and position,
// splits of 256 positions with their 64 lanes, merged in ascending order. Compiled once for each
// encoding of the cache. Head rows are at most 256 wide, multiples of 8 (of 64 for Q8_0).
//
// A block of threads has a tile of at most QUERIES queries of one KV head: f = row * group + g for
// the query heads g of the head's group, tileQueries of them from one f on. A split's keys and
// values are copied to shared memory once, 16 bytes at a time (4 for Q8_0, whose rows are not
// aligned to more), and shared by all queries of the tile: the heads of a group in decode, and
// neighbouring rows as well in prefill. A tile whose rows belong to several sequences is right,
// too, only slower: it takes one sequence after another.
//
// Tensor cores have no part in it: their sums have an order of their own, and prefill and decode
// must agree.
#include "device.cuh"

#define SPLIT 256
#define ATTEND_THREADS 256
#define NORM_LANES 64
#define QUARTERS 4

#if defined(ENCODING_Q8_0)
#define ROW_BYTES(dim) ((dim) / 32 * 34)
#define PIECE 4
// An odd number of words, so that neighbouring rows are in different banks.
#define ROW_STRIDE(dim) ((ROW_BYTES(dim) / 4 | 1) * 4)
#else
#define ROW_BYTES(dim) ((dim) * 2)
#define PIECE 16
#define ROW_STRIDE(dim) (ROW_BYTES(dim) + 16)
#endif

struct Cache {
    const unsigned char* keys;
    const unsigned char* values;
    const int* table;
    int keyWords, keyDim, valueWords, valueStride, valueDim, pageSize, kvHeads, kvHead;
    float scale, softcap;
};

// The parts of a block's shared memory.
struct Room {
    float* query;     // [QUERIES, keyDim]
    float* weights;   // [SPLIT, QUERIES]
    float* sums;      // [QUERIES, NORM_LANES]
    float* most;      // [warps, QUERIES]
    float* state;     // [4, QUERIES]: maximum and sum of the split, then factors of the merge
    int* range;       // [2, QUERIES]: the positions that a query sees, in all
    wide* keyAt;      // [SPLIT]
    wide* valueAt;    // [SPLIT]
    unsigned char* keyRows;
    unsigned char* valueRows;
};

template <int QUERIES> INLINE Room rooms(unsigned char* shared, const Cache& c, int apart) {
    Room r;
    r.keyAt = (wide*) shared;
    r.valueAt = r.keyAt + SPLIT;
    r.query = (float*) (r.valueAt + SPLIT);
    r.weights = r.query + QUERIES * c.keyDim;
    r.sums = r.weights + SPLIT * QUERIES;
    r.most = r.sums + QUERIES * NORM_LANES;
    r.state = r.most + ATTEND_THREADS / 32 * QUERIES;
    r.range = (int*) (r.state + 4 * QUERIES);
    r.keyRows = (unsigned char*) (r.range + 2 * QUERIES);
    r.valueRows = r.keyRows + (apart ? SPLIT * ROW_STRIDE(c.keyDim) : 0);
    return r;
}

// Where the rows of positions low..high of the split begin; -1 for the other positions.
INLINE void find_rows(const Room& r, const Cache& c, int split, int low, int high) {
    int p = split + (int) threadIdx.x;
    bool live = p >= low && p < high;
    wide page = live ? c.table[p / c.pageSize] : 0;
    wide headRow = live ? (wide) (p % c.pageSize) * c.kvHeads + c.kvHead : 0;
    r.keyAt[threadIdx.x] = live ? page * c.keyWords * 4 + headRow * ROW_BYTES(c.keyDim) : -1;
    r.valueAt[threadIdx.x] =
            live ? page * c.valueWords * 4 + headRow * ROW_BYTES(c.valueStride) : -1;
}

INLINE void copy_rows(unsigned char* to, const unsigned char* from, const wide* at, int dim) {
    int pieces = ROW_BYTES(dim) / PIECE;
    KEEP_LOOP
    for (int i = (int) threadIdx.x; i < SPLIT * pieces; i += ATTEND_THREADS) {
        int row = i / pieces;
        int piece = i % pieces;
        bool live = at[row] >= 0;
        unsigned char* place = to + row * ROW_STRIDE(dim) + piece * PIECE;
        const unsigned char* source = from + (live ? at[row] + piece * PIECE : 0);
#if defined(ENCODING_Q8_0)
        copy4(place, source, live);
#else
        copy16(place, source, live);
#endif
    }
    commit();
}

// ---- scores -----------------------------------------------------------------------------------

// Four elements onto the dots of COUNT queries, ascending.
template <int COUNT> INLINE void add_elements(const float* e, const float* query, int keyDim,
        float* dots) {
    UNROLL
    for (int q = 0; q < COUNT; q++) {
        float4 x = *(const float4*) (query + q * keyDim);
        dots[q] = fused(x.x, e[0], dots[q]);
        dots[q] = fused(x.y, e[1], dots[q]);
        dots[q] = fused(x.z, e[2], dots[q]);
        dots[q] = fused(x.w, e[3], dots[q]);
    }
}

INLINE void elements_of(unsigned first, unsigned second, float* e) {
#if defined(ENCODING_F16)
    e[0] = half_value((unsigned short) (first & 0xFFFF));
    e[1] = half_value((unsigned short) (first >> 16));
    e[2] = half_value((unsigned short) (second & 0xFFFF));
    e[3] = half_value((unsigned short) (second >> 16));
#else
    e[0] = float_of(first << 16);
    e[1] = float_of(first & 0xFFFF0000u);
    e[2] = float_of(second << 16);
    e[3] = float_of(second & 0xFFFF0000u);
#endif
}

INLINE void codes_of(unsigned word, float d, float* e) {
    UNROLL
    for (int i = 0; i < 4; i++) {
        e[i] = times(d, (float) (signed char) (word >> 8 * i));
    }
}

// Dots of two key rows with COUNT queries.
template <int COUNT> INLINE void dots_of(const unsigned char* row0, const unsigned char* row1,
        const float* query, int keyDim, float* dots0, float* dots1) {
#if defined(ENCODING_Q8_0)
    // Two blocks are 17 words: scale, 8 words of codes that straddle words, scale, 8 words.
    KEEP_LOOP
    for (int c = 0; c < keyDim; c += 64) {
        const unsigned* w0 = (const unsigned*) (row0 + c / 32 * 34);
        const unsigned* w1 = (const unsigned*) (row1 + c / 32 * 34);
        UNROLL
        for (int i = 0; i < 16; i++) {
            int last = i < 8 ? 0 : 8;
            int shift = i < 8 ? 0 : 16;
            unsigned a = i < 8 ? permute(w0[i], w0[i + 1], 0x5432) : w0[i + 1];
            unsigned b = i < 8 ? permute(w1[i], w1[i + 1], 0x5432) : w1[i + 1];
            float e0[4];
            float e1[4];
            codes_of(a, half_value((unsigned short) (w0[last] >> shift)), e0);
            codes_of(b, half_value((unsigned short) (w1[last] >> shift)), e1);
            add_elements<COUNT>(e0, query + c + 4 * i, keyDim, dots0);
            add_elements<COUNT>(e1, query + c + 4 * i, keyDim, dots1);
        }
    }
#else
    KEEP_LOOP
    for (int c = 0; c < keyDim; c += 8) {
        uint4 a = *(const uint4*) (row0 + 2 * c);
        uint4 b = *(const uint4*) (row1 + 2 * c);
        float e0[8];
        float e1[8];
        elements_of(a.x, a.y, e0);
        elements_of(a.z, a.w, e0 + 4);
        elements_of(b.x, b.y, e1);
        elements_of(b.z, b.w, e1 + 4);
        UNROLL
        for (int h = 0; h < 2; h++) {
            add_elements<COUNT>(e0 + 4 * h, query + c + 4 * h, keyDim, dots0);
            add_elements<COUNT>(e1 + 4 * h, query + c + 4 * h, keyDim, dots1);
        }
    }
#endif
}

// Scores of the split: a thread has positions i and i + 128 and half of the queries.
template <int QUERIES> INLINE void score_split(const Room& r, const Cache& c, int split) {
    constexpr int COUNT = QUERIES / 2;
    int i = (int) threadIdx.x % 128;
    int q0 = (int) threadIdx.x / 128 * COUNT;
    float dots[2][COUNT];
    UNROLL
    for (int q = 0; q < 2 * COUNT; q++) {
        dots[q / COUNT][q % COUNT] = 0.0f;
    }
    dots_of<COUNT>(r.keyRows + i * ROW_STRIDE(c.keyDim),
            r.keyRows + (i + 128) * ROW_STRIDE(c.keyDim), r.query + q0 * c.keyDim, c.keyDim,
            dots[0], dots[1]);
    UNROLL
    for (int h = 0; h < 2; h++) {
        int p = split + i + 128 * h;
        UNROLL
        for (int q = 0; q < COUNT; q++) {
            float score = times(c.scale, dots[h][q]);
            if (c.softcap != 0.0f) {
                score = times(c.softcap, tanhf(over(score, c.softcap)));
            }
            bool seen = p >= r.range[q0 + q] && p < r.range[QUERIES + q0 + q];
            r.weights[(i + 128 * h) * QUERIES + q0 + q] = seen ? score : -INFINITY;
        }
    }
}

// Weights of the split, its maximum and sum for each query. Lane l of 64 adds positions l, l + 64,
// .., and the 64 sums are added in order. A thread has lanes threadIdx / QUERIES, .. of one query.
template <int QUERIES> INLINE void weigh_split(const Room& r) {
    int q = (int) threadIdx.x % QUERIES;
    int lane0 = (int) threadIdx.x / QUERIES;
    float most = -INFINITY;
    for (int i = lane0; i < SPLIT; i += ATTEND_THREADS / QUERIES) {
        most = fmaxf(most, r.weights[i * QUERIES + q]);
    }
    UNROLL
    for (int mask = QUERIES; mask < 32; mask *= 2) {
        most = fmaxf(most, across(most, mask));
    }
    if (LANE_OF_WARP < QUERIES) {
        r.most[WARP * QUERIES + q] = most;
    }
    sync();
    most = -INFINITY;
    for (int w = 0; w < ATTEND_THREADS / 32; w++) {
        most = fmaxf(most, r.most[w * QUERIES + q]);
    }
    for (int lane = lane0; lane < NORM_LANES; lane += ATTEND_THREADS / QUERIES) {
        float sum = 0.0f;
        for (int i = lane; i < SPLIT; i += NORM_LANES) {
            float score = r.weights[i * QUERIES + q];
            float weight = score == -INFINITY ? 0.0f : expf(plus(score, -most));
            r.weights[i * QUERIES + q] = weight;
            sum = plus(sum, weight);
        }
        r.sums[q * NORM_LANES + lane] = sum;
    }
    sync();
    if (threadIdx.x < QUERIES) {
        float sum = 0.0f;
        for (int lane = 0; lane < NORM_LANES; lane++) {
            sum = plus(sum, r.sums[q * NORM_LANES + lane]);
        }
        r.state[q] = most;
        r.state[QUERIES + q] = sum;
    }
}

// ---- values -----------------------------------------------------------------------------------

INLINE float2 value_pair(const unsigned char* row, int column) {
    float2 v;
#if defined(ENCODING_Q8_0)
    const unsigned char* block = row + column / 32 * 34;
    float d = half_value(*(const unsigned short*) block);
    unsigned codes = *(const unsigned short*) (block + 2 + column % 32);
    v.x = times(d, (float) (signed char) (codes & 255));
    v.y = times(d, (float) (signed char) (codes >> 8));
#else
    unsigned word = *(const unsigned*) (row + 2 * column);
#if defined(ENCODING_F16)
    v.x = half_value((unsigned short) (word & 0xFFFF));
    v.y = half_value((unsigned short) (word >> 16));
#else
    v.x = float_of(word << 16);
    v.y = float_of(word & 0xFFFF0000u);
#endif
#endif
    return v;
}

// Positions begin..end of the split onto the parts of COUNT queries; only where all of them see
// the position, or, when guarded, where each does.
template <int QUERIES, int COUNT, bool GUARDED> INLINE void add_values(const Room& r, int stride,
        int split, int begin, int end, int column, int q0, float (*parts)[2]) {
    for (int p = begin; p < end; p++) {
        int i = p - split;
        float2 v = value_pair(r.valueRows + i * stride, column);
        UNROLL
        for (int q = 0; q < COUNT; q++) {
            float weight = r.weights[i * QUERIES + q0 + q];
            if (!GUARDED || (p >= r.range[q0 + q] && p < r.range[QUERIES + q0 + q])) {
                parts[q][0] = fused(weight, v.x, parts[q][0]);
                parts[q][1] = fused(weight, v.y, parts[q][1]);
            }
        }
    }
}

template <int QUERIES> INLINE void value_parts(const Room& r, const Cache& c, int split, int low,
        int high, int column, int q0, float (*parts)[2]) {
    constexpr int COUNT = QUERIES / QUARTERS;
    int innerLow = low;
    int innerHigh = high;
    UNROLL
    for (int q = 0; q < COUNT; q++) {
        parts[q][0] = 0.0f;
        parts[q][1] = 0.0f;
        int from = r.range[q0 + q];
        int to = r.range[QUERIES + q0 + q];
        innerLow = from > innerLow ? from : innerLow;
        innerHigh = to < innerHigh ? to : innerHigh;
    }
    if (innerLow > innerHigh) {
        innerLow = innerHigh = high;
    }
    int stride = ROW_STRIDE(c.valueStride);
    add_values<QUERIES, COUNT, true>(r, stride, split, low, innerLow, column, q0, parts);
    add_values<QUERIES, COUNT, false>(r, stride, split, innerLow, innerHigh, column, q0, parts);
    add_values<QUERIES, COUNT, true>(r, stride, split, innerHigh, high, column, q0, parts);
}

// ---- tiles ------------------------------------------------------------------------------------

struct Tiled {
    const float* q;
    const int* positions;
    const int* sequences;
    const int* table;
    int tableCols, window, heads, group, rows, first, count;
};

// Queries of the tile that have the sequence of query `start`, and no others, get ranges and rows;
// returns the first query behind them. low and high: the union of what they see.
template <int QUERIES> INLINE int bring_queries(const Room& r, const Cache& c, const Tiled& t,
        int start, int& low, int& high) {
    int sequence = t.sequences[(t.first + start) / t.group];
    int end = start;
    low = 0x7FFFFFFF;
    high = 0;
    while (end < t.count && t.sequences[(t.first + end) / t.group] == sequence) {
        int seen = t.positions[(t.first + end) / t.group] + 1;
        int begin = t.window == 0 || t.window > seen ? 0 : seen - t.window;
        low = begin < low ? begin : low;
        high = seen > high ? seen : high;
        if (threadIdx.x == 0) {
            r.range[end] = begin;
            r.range[QUERIES + end] = seen;
        }
        end++;
    }
    if (threadIdx.x < QUERIES && ((int) threadIdx.x < start || (int) threadIdx.x >= end)) {
        r.range[threadIdx.x] = 0;
        r.range[QUERIES + threadIdx.x] = 0;
    }
    for (int i = (int) threadIdx.x; i < QUERIES * c.keyDim; i += ATTEND_THREADS) {
        int query = i / c.keyDim;
        float value = 0.0f;
        if (query >= start && query < end) {
            int f = t.first + query;
            int head = c.kvHead * t.group + f % t.group;
            value = t.q[((wide) (f / t.group) * t.heads + head) * c.keyDim + i % c.keyDim];
        }
        r.query[i] = value;
    }
    return end;
}

// Weights of a split, with the values in shared memory behind them. All threads pass a barrier
// before they come here and after.
template <int QUERIES> INLINE void weigh(const Room& r, const Cache& c, int split, int low,
        int high, int apart) {
    find_rows(r, c, split, low, high);
    sync();
    copy_rows(r.keyRows, c.keys, r.keyAt, c.keyDim);
    if (apart) {
        copy_rows(r.valueRows, c.values, r.valueAt, c.valueStride);
        wait_copies<1>();
    } else {
        wait_copies<0>();
    }
    sync();
    score_split<QUERIES>(r, c, split);
    sync();
    if (!apart) {
        copy_rows(r.valueRows, c.values, r.valueAt, c.valueStride);
    }
    weigh_split<QUERIES>(r);
    wait_copies<0>();
    sync();
}

INLINE Cache cache_of(const unsigned char* keys, int keyWords, int keyDim,
        const unsigned char* values, int valueWords, int valueStride, int valueDim, int pageSize,
        int kvHeads, float scale, float softcap) {
    Cache c = {keys, values, nullptr, keyWords, keyDim, valueWords, valueStride, valueDim,
        pageSize, kvHeads, (int) blockIdx.x % kvHeads, scale, softcap};
    return c;
}

#define ATTEND_ARGUMENTS MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values), \
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads, \
        int rows, int tileQueries, int apart, MATRIX(positions), MATRIX(sequences), \
        MATRIX(table), int tableCols, float scale, float softcap, int window

#define ATTEND_TILE(QUERIES) \
    DYNAMIC_SHARED(shared); \
    Cache c = cache_of(AT(const unsigned char, keys), keyWords, keyDim, \
            AT(const unsigned char, values), valueWords, valueStride, valueDim, pageSize, \
            kvHeads, scale, softcap); \
    int group = heads / kvHeads; \
    int first = (int) blockIdx.x / kvHeads * tileQueries; \
    int count = rows * group - first < tileQueries ? rows * group - first : tileQueries; \
    Tiled t = {AT(const float, q), AT(const int, positions), AT(const int, sequences), \
        AT(const int, table), tableCols, window, heads, group, rows, first, count}; \
    Room r = rooms<QUERIES>(shared, c, apart);

// Rows of out [T * heads, valueDim] or states that query f of the tile belongs to.
INLINE wide row_of(const Tiled& t, const Cache& c, int query) {
    int f = t.first + query;
    return (wide) (f / t.group) * t.heads + c.kvHead * t.group + f % t.group;
}

// attention_rows: walks the splits. Column pairs of a thread: at most 2 for rows of 256.
template <int QUERIES> INLINE void walk(const Room& r, Cache& c, const Tiled& t, int apart,
        const float* sinks, float* out) {
    constexpr int COUNT = QUERIES / QUARTERS;
    int pairs = c.valueDim / 2;
    for (int start = 0; start < t.count;) {
        int low, high;
        int end = bring_queries<QUERIES>(r, c, t, start, low, high);
        c.table = t.table + (wide) t.sequences[(t.first + start) / t.group] * t.tableCols;
        float totals[2][COUNT][2];
        UNROLL
        for (int i = 0; i < 4 * COUNT; i++) {
            totals[i / 2 / COUNT][i / 2 % COUNT][i % 2] = 0.0f;
        }
        // Of query threadIdx.x, kept by its thread.
        int mine = (int) threadIdx.x;
        bool keeper = mine >= start && mine < end;
        bool sunk = keeper && sinks != nullptr;
        float most = sunk ? sinks[c.kvHead * t.group + (t.first + mine) % t.group] : -INFINITY;
        float sum = sunk ? 1.0f : 0.0f;
        sync();
        for (int split = low / SPLIT * SPLIT; split < high; split += SPLIT) {
            weigh<QUERIES>(r, c, split, low, high, apart);
            if (keeper) {
                // A split without a position that the query sees changes nothing.
                bool seen = r.range[mine] < split + SPLIT && r.range[QUERIES + mine] > split;
                float larger = seen ? fmaxf(most, r.state[mine]) : most;
                float before = seen ? expf(plus(most, -larger)) : 1.0f;
                float after = seen ? expf(plus(r.state[mine], -larger)) : 0.0f;
                if (seen) {
                    sum = fused(r.state[QUERIES + mine], after, times(sum, before));
                    most = larger;
                }
                r.state[2 * QUERIES + mine] = before;
                r.state[3 * QUERIES + mine] = after;
            }
            sync();
            int from = low > split ? low : split;
            int to = high < split + SPLIT ? high : split + SPLIT;
            UNROLL
            for (int round = 0; round < 2; round++) {
                int item = (int) threadIdx.x + round * ATTEND_THREADS;
                int q0 = item / pairs * COUNT;
                if (item < pairs * QUARTERS) {
                    float parts[COUNT][2];
                    value_parts<QUERIES>(r, c, split, from, to, item % pairs * 2, q0, parts);
                    UNROLL
                    for (int i = 0; i < 2 * COUNT; i++) {
                        int q = q0 + i / 2;
                        float& total = totals[round][i / 2][i % 2];
                        bool seen = r.range[q] < split + SPLIT && r.range[QUERIES + q] > split;
                        total = seen ? fused(parts[i / 2][i % 2], r.state[3 * QUERIES + q],
                                times(total, r.state[2 * QUERIES + q])) : total;
                    }
                }
            }
            sync();
        }
        if (keeper) {
            r.state[mine] = sum;
        }
        sync();
        UNROLL
        for (int round = 0; round < 2; round++) {
            int item = (int) threadIdx.x + round * ATTEND_THREADS;
            UNROLL
            for (int i = 0; i < 2 * COUNT; i++) {
                int q = item / pairs * COUNT + i / 2;
                if (item < pairs * QUARTERS && q >= start && q < end) {
                    out[row_of(t, c, q) * c.valueDim + item % pairs * 2 + i % 2] =
                            over(totals[round][i / 2][i % 2], r.state[q]);
                }
            }
        }
        sync();
        start = end;
    }
}

// attention_splits: one split, blockIdx.y, to states [T * heads, splits, valueDim + 2].
template <int QUERIES> INLINE void one_split(const Room& r, Cache& c, const Tiled& t, int apart,
        int splits, float* states) {
    constexpr int COUNT = QUERIES / QUARTERS;
    int pairs = c.valueDim / 2;
    int split = (int) blockIdx.y * SPLIT;
    for (int start = 0; start < t.count;) {
        int low, high;
        int end = bring_queries<QUERIES>(r, c, t, start, low, high);
        c.table = t.table + (wide) t.sequences[(t.first + start) / t.group] * t.tableCols;
        sync();
        if (low < split + SPLIT && high > split) {
            weigh<QUERIES>(r, c, split, low, high, apart);
            int from = low > split ? low : split;
            int to = high < split + SPLIT ? high : split + SPLIT;
            for (int item = (int) threadIdx.x; item < pairs * QUARTERS; item += ATTEND_THREADS) {
                float parts[COUNT][2];
                int q0 = item / pairs * COUNT;
                int column = item % pairs * 2;
                value_parts<QUERIES>(r, c, split, from, to, column, q0, parts);
                UNROLL
                for (int i = 0; i < COUNT; i++) {
                    int q = q0 + i;
                    if (q >= start && q < end) {
                        float* state = states + (row_of(t, c, q) * splits + blockIdx.y)
                                * (c.valueDim + 2);
                        if (column == 0) {
                            state[0] = r.state[q];
                            state[1] = r.state[QUERIES + q];
                        }
                        state[2 + column] = parts[i][0];
                        state[3 + column] = parts[i][1];
                    }
                }
            }
        }
        sync();
        start = end;
    }
}

// Grid x: tiles of tileQueries queries of a KV head, times kvHeads. Dynamic shared memory:
// attend_shared(). apart: whether the values have room beside the keys.
#define ATTEND(rowsName, splitsName, QUERIES) \
    ENTRY(ATTEND_THREADS, 1) rowsName(ATTEND_ARGUMENTS, MATRIX(sinks), int sunk, MATRIX(out)) { \
        ATTEND_TILE(QUERIES) \
        walk<QUERIES>(r, c, t, apart, sunk ? AT(const float, sinks) : nullptr, AT(float, out)); \
    } \
    ENTRY(ATTEND_THREADS, 1) splitsName(ATTEND_ARGUMENTS, int splits, MATRIX(states)) { \
        ATTEND_TILE(QUERIES) \
        one_split<QUERIES>(r, c, t, apart, splits, AT(float, states)); \
    }

ATTEND(attend_rows4, attend_splits4, 4)
ATTEND(attend_rows8, attend_splits8, 8)
ATTEND(attend_rows16, attend_splits16, 16)

// ---- with the arguments of the shared kernels -------------------------------------------------

// A tile is one row's heads of a group, or QUERIES of them: group is at most QUERIES or a multiple
// of it. Grid x: rows * kvHeads * (group / tileQueries). In attention_many16 it is 16 / group rows
// (rounded down): group is at most 16, rows a multiple of that, and the grid rows / that * kvHeads.
// The values have room beside the keys where both fit into 163 KiB.
#define APART_BYTES_MAX (163 * 1024)
#define SHARED_ARGUMENTS MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values), \
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads, \
        MATRIX(positions), MATRIX(sequences), MATRIX(table), int tableCols, float scale, \
        float softcap, int window

#define SHARED_TILE(QUERIES, MANY) \
    int perRow = heads / kvHeads < QUERIES ? heads / kvHeads : QUERIES; \
    int tileQueries = MANY ? QUERIES / perRow * perRow : perRow; \
    int apart = 4096 + 4 * QUERIES * (keyDim + 334) \
            + SPLIT * (ROW_STRIDE(keyDim) + ROW_STRIDE(valueStride)) <= APART_BYTES_MAX; \
    /* Every tile is full, so the number of rows does not matter. */ \
    int rows = 1 << 20; \
    ATTEND_TILE(QUERIES)

#define ATTEND_SHARED(rowsName, splitsName, QUERIES) \
    ENTRY(ATTEND_THREADS, 1) rowsName(SHARED_ARGUMENTS, MATRIX(sinks), int sunk, MATRIX(out)) { \
        SHARED_TILE(QUERIES, 0) \
        walk<QUERIES>(r, c, t, apart, sunk ? AT(const float, sinks) : nullptr, AT(float, out)); \
    } \
    ENTRY(ATTEND_THREADS, 1) splitsName(SHARED_ARGUMENTS, int splits, MATRIX(states)) { \
        SHARED_TILE(QUERIES, 0) \
        one_split<QUERIES>(r, c, t, apart, splits, AT(float, states)); \
    }

ATTEND_SHARED(attention_rows4, attention_splits4, 4)
ATTEND_SHARED(attention_rows8, attention_splits8, 8)
ATTEND_SHARED(attention_rows16, attention_splits16, 16)

ENTRY(ATTEND_THREADS, 1) attention_many16(SHARED_ARGUMENTS, MATRIX(sinks), int sunk, MATRIX(out)) {
    SHARED_TILE(16, 1)
    walk<16>(r, c, t, apart, sunk ? AT(const float, sinks) : nullptr, AT(float, out));
}
