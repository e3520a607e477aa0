// Pages of keys and values, and attention over them. Compiled once for each encoding of the cache
// (F32, F16, BF16, Q8_0), behind encodings.h.
//
// A page is pageSize * kvHeads head rows one after another, each encoded by itself, padded to
// whole words:
//
//     page: | position 0: head 0, head 1, .. | position 1: head 0, .. | .. | padding |

#define SPLIT 256
#define LANE_COUNT 64
// Columns of a value that one lane adds up: 64 * 16 are the widest value.
#define LANE_COLUMNS 16
#define KEY_COLUMNS_MAX 1024

// Element c of an encoded head row.
FUNCTION float element(GLOBAL const uchar* row, int c) {
#if defined(ENCODING_F32)
    return ((GLOBAL const float*) row)[c];
#elif defined(ENCODING_F16)
    return load_half(row + 2 * c);
#elif defined(ENCODING_BF16)
    return AS_FLOAT((uint) ((GLOBAL const ushort*) row)[c] << 16);
#else
    GLOBAL const uchar* block = row + c / 32 * 34;
    return load_half(block) * (float) (signed char) block[2 + c % 32];
#endif
}

// ---- storing ----------------------------------------------------------------------------------

#if defined(ENCODING_Q8_0)
#define STORED 32
#else
#define STORED 1
#endif

// Columns column.. + width of the head rows at `slots` [T,1] = rows [T, kvHeads * width]. One lane
// stores STORED elements. dim is the width of a stored head row.
KERNEL store_rows(MATRIX(rows), int width, MATRIX(pages), int pageWords, int pageSize, int kvHeads,
        int dim, int column, MATRIX(slots), wide count) {
    wide i = GLOBAL_ID;
    if (i >= count) {
        return;
    }
    int units = width / STORED;
    wide head = i / units;
    int c = (int) (i % units) * STORED;
    int slot = I32_AT(slots)[head / kvHeads];
    GLOBAL const float* in = F32_AT(rows) + head * width + c;
    wide headRow = (wide) (slot % pageSize) * kvHeads + head % kvHeads;
    GLOBAL uchar* row = BYTES_AT(pages) + (wide) (slot / pageSize) * pageWords * 4
            + headRow * ENCODED_BYTES(dim);
    c += column;
#if defined(ENCODING_F32)
    ((GLOBAL float*) row)[c] = in[0];
#elif defined(ENCODING_F16)
    store_half(row + 2 * c, in[0]);
#elif defined(ENCODING_BF16)
    uint bits = AS_UINT(in[0]);
    // To nearest, ties to even; a NaN stays one.
    ((GLOBAL ushort*) row)[c] = (ushort) ((bits & 0x7FFFFFFFu) > 0x7F800000u
            ? bits >> 16 | 64 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
#else
    float largest = 0.0f;
    for (int e = 0; e < 32; e++) {
        largest = LARGER(largest, ABS(in[e]));
    }
    float d = largest / 127.0f;
    float inverse = d == 0.0f ? 0.0f : 1.0f / d;
    GLOBAL uchar* block = row + c / 32 * 34;
    store_half(block, d);
    for (int e = 0; e < 32; e++) {
        float code = ROUND_TO_EVEN(in[e] * inverse);
        block[2 + e] = (uchar) (int) SMALLER(LARGER(code, -127.0f), 127.0f);
    }
#endif
}

// ---- attending --------------------------------------------------------------------------------

// Where the pages are, for one row and KV head.
typedef struct {
    GLOBAL const uchar* buffer;
    GLOBAL const int* table;
    int pageWords;
    int pageSize;
    int kvHeads;
    int kvHead;
    int dim;
} Rows;

FUNCTION GLOBAL const uchar* stored_row(const Rows* rows, int position) {
    wide page = rows->table[position / rows->pageSize];
    wide headRow = (wide) (position % rows->pageSize) * rows->kvHeads + rows->kvHead;
    return rows->buffer + page * rows->pageWords * 4 + headRow * ENCODED_BYTES(rows->dim);
}

// Scores of positions begin..end of one split (begin >= split, end <= split + SPLIT), and their
// softmax without the denominator: weights[p - split] = exp(score - *largest), 0 outside of
// begin..end; returns the sum of the weights, added as a tree over the split's 256 positions.
FUNCTION float split_weights(const Rows* keys, LOCAL const float* q, float scale, float softcap,
        int split, int begin, int end, LOCAL float* weights, LOCAL float* lanes, float* largest) {
    float most = -INFINITE;
    for (int p = split + LANE; p < split + SPLIT; p += LANE_COUNT) {
        float score = -INFINITE;
        if (p >= begin && p < end) {
            GLOBAL const uchar* row = stored_row(keys, p);
            float dot = 0.0f;
            for (int c = 0; c < keys->dim; c++) {
                dot = FMA(q[c], element(row, c), dot);
            }
            score = scale * dot;
            if (softcap != 0.0f) {
                score = softcap * TANH(score / softcap);
            }
        }
        weights[p - split] = score;
        most = LARGER(most, score);
    }
    lanes[LANE] = most;
    BARRIER();
    for (int step = LANE_COUNT / 2; step > 0; step /= 2) {
        if (LANE < step) {
            lanes[LANE] = LARGER(lanes[LANE], lanes[LANE + step]);
        }
        BARRIER();
    }
    most = lanes[0];
    BARRIER();
    float sum = 0.0f;
    for (int i = LANE; i < SPLIT; i += LANE_COUNT) {
        float weight = split + i >= begin && split + i < end ? EXP(weights[i] - most) : 0.0f;
        weights[i] = weight;
        sum += weight;
    }
    lanes[LANE] = sum;
    BARRIER();
    for (int step = LANE_COUNT / 2; step > 0; step /= 2) {
        if (LANE < step) {
            lanes[LANE] += lanes[LANE + step];
        }
        BARRIER();
    }
    *largest = most;
    return lanes[0];
}

// partial[i] = sum over positions begin..end of the split, ascending, of weight * value column
// LANE + 64 i.
FUNCTION void split_values(const Rows* values, int valueDim, int split, int begin, int end,
        LOCAL const float* weights, float* partial) {
    for (int i = 0; i < LANE_COLUMNS; i++) {
        partial[i] = 0.0f;
    }
    for (int p = begin; p < end; p++) {
        GLOBAL const uchar* row = stored_row(values, p);
        float weight = weights[p - split];
        for (int i = 0; i < LANE_COLUMNS; i++) {
            int c = LANE + LANE_COUNT * i;
            if (c < valueDim) {
                partial[i] = FMA(weight, element(row, c), partial[i]);
            }
        }
    }
}

// The state (most, sum, total) of the splits so far, and the next split's: all relative to the
// larger maximum.
#define MERGE(most, sum, total, splitMost, splitSum, partial) { \
    float larger = LARGER(most, splitMost); \
    float before = EXP(most - larger); \
    float after = EXP(splitMost - larger); \
    for (int i = 0; i < LANE_COLUMNS; i++) { \
        total[i] = FMA(partial[i], after, total[i] * before); \
    } \
    sum = FMA(splitSum, after, sum * before); \
    most = larger; \
}

// One group a row and head: group x = row * heads + head. Splits of 256 positions are reduced one
// after another, from position 0 (or the window's) on, and merged in ascending order, so that
// the bits depend on the row's own positions alone. A sink joins at the end, as an empty split.
// A partial state of `attention_splits` is merged by the same steps: same bits.
KERNEL attention_rows(MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values),
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads,
        MATRIX(positions), MATRIX(sequences), MATRIX(table), int tableCols, float scale,
        float softcap, int window, MATRIX(sinks), int sunk, MATRIX(out)) {
    LOCAL_ARRAY(float, query, KEY_COLUMNS_MAX);
    LOCAL_ARRAY(float, weights, SPLIT);
    LOCAL_ARRAY(float, lanes, LANE_COUNT);
    int row = GROUP_X / heads;
    int head = GROUP_X % heads;
    for (int c = LANE; c < keyDim; c += LANE_COUNT) {
        query[c] = F32_AT(q)[(wide) GROUP_X * keyDim + c];
    }
    BARRIER();
    int end = I32_AT(positions)[row] + 1;
    int begin = window == 0 || window > end ? 0 : end - window;
    Rows keyRows = {BYTES_AT(keys), I32_AT(table) + (wide) I32_AT(sequences)[row] * tableCols,
        keyWords, pageSize, kvHeads, head / (heads / kvHeads), keyDim};
    Rows valueRows = {BYTES_AT(values), keyRows.table, valueWords, pageSize, kvHeads,
        keyRows.kvHead, valueStride};
    float most = -INFINITE;
    float sum = 0.0f;
    float total[LANE_COLUMNS];
    float partial[LANE_COLUMNS];
    for (int i = 0; i < LANE_COLUMNS; i++) {
        total[i] = 0.0f;
    }
    for (int split = begin / SPLIT * SPLIT; split < end; split += SPLIT) {
        int from = begin > split ? begin : split;
        int to = end < split + SPLIT ? end : split + SPLIT;
        float splitMost;
        float splitSum = split_weights(&keyRows, query, scale, softcap, split, from, to, weights,
                lanes, &splitMost);
        split_values(&valueRows, valueDim, split, from, to, weights, partial);
        MERGE(most, sum, total, splitMost, splitSum, partial);
        BARRIER();
    }
    if (sunk) {
        for (int i = 0; i < LANE_COLUMNS; i++) {
            partial[i] = 0.0f;
        }
        MERGE(most, sum, total, F32_AT(sinks)[head], 1.0f, partial);
    }
    for (int i = 0; i < LANE_COLUMNS; i++) {
        int c = LANE + LANE_COUNT * i;
        if (c < valueDim) {
            F32_AT(out)[(wide) GROUP_X * valueDim + c] = total[i] / sum;
        }
    }
}

// The same in two launches, for few rows over long contexts. Group x = row * heads + head, group
// y = split; states [rows * heads, splits, valueDim + 2]: maximum, sum, and the partial output.
KERNEL attention_splits(MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values),
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads,
        MATRIX(positions), MATRIX(sequences), MATRIX(table), int tableCols, float scale,
        float softcap, int window, int splits, MATRIX(states)) {
    LOCAL_ARRAY(float, query, KEY_COLUMNS_MAX);
    LOCAL_ARRAY(float, weights, SPLIT);
    LOCAL_ARRAY(float, lanes, LANE_COUNT);
    int row = GROUP_X / heads;
    int head = GROUP_X % heads;
    for (int c = LANE; c < keyDim; c += LANE_COUNT) {
        query[c] = F32_AT(q)[(wide) GROUP_X * keyDim + c];
    }
    BARRIER();
    int end = I32_AT(positions)[row] + 1;
    int begin = window == 0 || window > end ? 0 : end - window;
    Rows keyRows = {BYTES_AT(keys), I32_AT(table) + (wide) I32_AT(sequences)[row] * tableCols,
        keyWords, pageSize, kvHeads, head / (heads / kvHeads), keyDim};
    Rows valueRows = {BYTES_AT(values), keyRows.table, valueWords, pageSize, kvHeads,
        keyRows.kvHead, valueStride};
    int split = GROUP_Y * SPLIT;
    int from = begin > split ? begin : split;
    int to = end < split + SPLIT ? end : split + SPLIT;
    // A split without visible positions is skipped by the merge.
    to = to < from ? from : to;
    float splitMost;
    float splitSum = split_weights(&keyRows, query, scale, softcap, split, from, to, weights,
            lanes, &splitMost);
    float partial[LANE_COLUMNS];
    split_values(&valueRows, valueDim, split, from, to, weights, partial);
    GLOBAL float* state = F32_AT(states)
            + ((wide) GROUP_X * splits + GROUP_Y) * (valueDim + 2);
    if (LANE == 0) {
        state[0] = splitMost;
        state[1] = splitSum;
    }
    for (int i = 0; i < LANE_COLUMNS; i++) {
        int c = LANE + LANE_COUNT * i;
        if (c < valueDim) {
            state[2 + c] = partial[i];
        }
    }
}

KERNEL attention_merge(MATRIX(states), int splits, int valueDim, int heads, MATRIX(positions),
        int window, MATRIX(sinks), int sunk, MATRIX(out)) {
    int row = GROUP_X / heads;
    int end = I32_AT(positions)[row] + 1;
    int begin = window == 0 || window > end ? 0 : end - window;
    float most = -INFINITE;
    float sum = 0.0f;
    float total[LANE_COLUMNS];
    float partial[LANE_COLUMNS];
    for (int i = 0; i < LANE_COLUMNS; i++) {
        total[i] = 0.0f;
    }
    for (int split = begin / SPLIT; split * SPLIT < end; split++) {
        GLOBAL const float* state = F32_AT(states)
                + ((wide) GROUP_X * splits + split) * (valueDim + 2);
        for (int i = 0; i < LANE_COLUMNS; i++) {
            int c = LANE + LANE_COUNT * i;
            partial[i] = c < valueDim ? state[2 + c] : 0.0f;
        }
        MERGE(most, sum, total, state[0], state[1], partial);
    }
    if (sunk) {
        for (int i = 0; i < LANE_COLUMNS; i++) {
            partial[i] = 0.0f;
        }
        MERGE(most, sum, total, F32_AT(sinks)[GROUP_X % heads], 1.0f, partial);
    }
    for (int i = 0; i < LANE_COLUMNS; i++) {
        int c = LANE + LANE_COUNT * i;
        if (c < valueDim) {
            F32_AT(out)[(wide) GROUP_X * valueDim + c] = total[i] / sum;
        }
    }
}
