// Pages of keys and values, and attention over them. Compiled once for each encoding of the cache
// (F32, F16, BF16, Q8_0), behind encodings.h.
//
// A page is pageSize * kvHeads head rows one after another, each encoded by itself, padded to
// whole words:
//
//     page: | position 0: head 0, head 1, .. | position 1: head 0, .. | .. | padding |

#define SPLIT 256
#define LANE_COUNT 64
// The widest head row.
#define COLUMNS_MAX 1024

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

// What one row and head attends to, in one split.
typedef struct {
    GLOBAL const uchar* keys;
    GLOBAL const uchar* values;
    GLOBAL const int* table;
    int keyWords;
    int keyDim;
    int valueWords;
    int valueStride;
    int pageSize;
    int kvHeads;
    int kvHead;
    float scale;
    float softcap;
} Scene;

// Scores of positions from..to of the split that begins at `split`. For each of its 256 places:
// the score (minus infinity where the position is not in from..to) and where the value lies.
FUNCTION void split_scores(const Scene* scene, LOCAL const float* query, int split, int from,
        int to, LOCAL float* scores, LOCAL wide* valueAt) {
    for (int i = LANE; i < SPLIT; i += LANE_COUNT) {
        int p = split + i;
        float score = -INFINITE;
        if (p >= from && p < to) {
            wide page = scene->table[p / scene->pageSize];
            wide headRow = (wide) (p % scene->pageSize) * scene->kvHeads + scene->kvHead;
            GLOBAL const uchar* key = scene->keys + page * scene->keyWords * 4
                    + headRow * ENCODED_BYTES(scene->keyDim);
            valueAt[i] = page * scene->valueWords * 4
                    + headRow * ENCODED_BYTES(scene->valueStride);
            float dot = 0.0f;
            for (int c = 0; c < scene->keyDim; c++) {
                dot = FMA(query[c], element(key, c), dot);
            }
            score = scene->scale * dot;
            if (scene->softcap != 0.0f) {
                score = scene->softcap * TANH(score / scene->softcap);
            }
        }
        scores[i] = score;
    }
}

// The largest of the 256 scores of a split: lanes take four each, then each lane all 64.
FUNCTION float lane_maximum(LOCAL const float* scores) {
    float most = -INFINITE;
    for (int i = LANE; i < SPLIT; i += LANE_COUNT) {
        most = LARGER(most, scores[i]);
    }
    return most;
}

FUNCTION float lanes_maximum(LOCAL const float* lanes) {
    float most = -INFINITE;
    for (int i = 0; i < LANE_COUNT; i++) {
        most = LARGER(most, lanes[i]);
    }
    return most;
}

// scores[i] = exp(score - most), 0 where there is none; returns the sum of this lane's four.
FUNCTION float lane_weights(LOCAL float* scores, float most) {
    float sum = 0.0f;
    for (int i = LANE; i < SPLIT; i += LANE_COUNT) {
        float weight = scores[i] == -INFINITE ? 0.0f : EXP(scores[i] - most);
        scores[i] = weight;
        sum += weight;
    }
    return sum;
}

FUNCTION float lanes_sum(LOCAL const float* lanes) {
    float sum = 0.0f;
    for (int i = 0; i < LANE_COUNT; i++) {
        sum += lanes[i];
    }
    return sum;
}

// Column c of the values at from..to, ascending, times their weights.
FUNCTION float split_value(const Scene* scene, int c, int split, int from, int to,
        LOCAL const float* weights, LOCAL const wide* valueAt) {
    float sum = 0.0f;
    for (int i = from - split; i < to - split; i++) {
        sum = FMA(weights[i], element(scene->values + valueAt[i], c), sum);
    }
    return sum;
}

#define SCENE(scene) \
    int row = GROUP_X / heads; \
    int head = GROUP_X % heads; \
    Scene scene = {BYTES_AT(keys), BYTES_AT(values), \
        I32_AT(table) + (wide) I32_AT(sequences)[row] * tableCols, keyWords, keyDim, valueWords, \
        valueStride, pageSize, kvHeads, head / (heads / kvHeads), scale, softcap}; \
    int end = I32_AT(positions)[row] + 1; \
    int begin = window == 0 || window > end ? 0 : end - window;

// One group a row and head: group x = row * heads + head. Splits of 256 positions are reduced one
// after another, from the first that the row sees, and merged in ascending order onto the sink
// (or nothing), so that the bits depend on the row's own positions alone.
KERNEL attention_rows(MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values),
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads,
        MATRIX(positions), MATRIX(sequences), MATRIX(table), int tableCols, float scale,
        float softcap, int window, MATRIX(sinks), int sunk, MATRIX(out)) {
    LOCAL_ARRAY(float, query, COLUMNS_MAX);
    LOCAL_ARRAY(float, total, COLUMNS_MAX);
    LOCAL_ARRAY(float, weights, SPLIT);
    LOCAL_ARRAY(wide, valueAt, SPLIT);
    LOCAL_ARRAY(float, maxima, LANE_COUNT);
    LOCAL_ARRAY(float, sums, LANE_COUNT);
    SCENE(scene)
    for (int c = LANE; c < keyDim; c += LANE_COUNT) {
        query[c] = F32_AT(q)[(wide) GROUP_X * keyDim + c];
    }
    // Each lane keeps its own columns of the total; no other lane reads them.
    for (int c = LANE; c < valueDim; c += LANE_COUNT) {
        total[c] = 0.0f;
    }
    float most = sunk ? F32_AT(sinks)[head] : -INFINITE;
    float sum = sunk ? 1.0f : 0.0f;
    BARRIER();
    for (int split = begin / SPLIT * SPLIT; split < end; split += SPLIT) {
        int from = begin > split ? begin : split;
        int to = end < split + SPLIT ? end : split + SPLIT;
        split_scores(&scene, query, split, from, to, weights, valueAt);
        maxima[LANE] = lane_maximum(weights);
        BARRIER();
        float splitMost = lanes_maximum(maxima);
        sums[LANE] = lane_weights(weights, splitMost);
        BARRIER();
        float splitSum = lanes_sum(sums);
        float larger = LARGER(most, splitMost);
        float before = EXP(most - larger);
        float after = EXP(splitMost - larger);
        for (int c = LANE; c < valueDim; c += LANE_COUNT) {
            float part = split_value(&scene, c, split, from, to, weights, valueAt);
            total[c] = FMA(part, after, total[c] * before);
        }
        sum = FMA(splitSum, after, sum * before);
        most = larger;
        BARRIER();
    }
    for (int c = LANE; c < valueDim; c += LANE_COUNT) {
        F32_AT(out)[(wide) GROUP_X * valueDim + c] = total[c] / sum;
    }
}

// The same in two launches, for few rows over long contexts. Group x = row * heads + head, group
// y = split; states [rows * heads, splits, valueDim + 2]: maximum, sum, and the partial output.
KERNEL attention_splits(MATRIX(q), MATRIX(keys), int keyWords, int keyDim, MATRIX(values),
        int valueWords, int valueStride, int valueDim, int pageSize, int kvHeads, int heads,
        MATRIX(positions), MATRIX(sequences), MATRIX(table), int tableCols, float scale,
        float softcap, int window, int splits, MATRIX(states)) {
    LOCAL_ARRAY(float, query, COLUMNS_MAX);
    LOCAL_ARRAY(float, weights, SPLIT);
    LOCAL_ARRAY(wide, valueAt, SPLIT);
    LOCAL_ARRAY(float, maxima, LANE_COUNT);
    LOCAL_ARRAY(float, sums, LANE_COUNT);
    SCENE(scene)
    for (int c = LANE; c < keyDim; c += LANE_COUNT) {
        query[c] = F32_AT(q)[(wide) GROUP_X * keyDim + c];
    }
    BARRIER();
    int split = GROUP_Y * SPLIT;
    int from = begin > split ? begin : split;
    int to = end < split + SPLIT ? end : split + SPLIT;
    // The merge skips a split without visible positions.
    to = to < from ? from : to;
    split_scores(&scene, query, split, from, to, weights, valueAt);
    maxima[LANE] = lane_maximum(weights);
    BARRIER();
    float splitMost = lanes_maximum(maxima);
    sums[LANE] = lane_weights(weights, splitMost);
    BARRIER();
    GLOBAL float* state = F32_AT(states)
            + ((wide) GROUP_X * splits + GROUP_Y) * (valueDim + 2);
    if (LANE == 0) {
        state[0] = splitMost;
        state[1] = lanes_sum(sums);
    }
    for (int c = LANE; c < valueDim; c += LANE_COUNT) {
        state[2 + c] = split_value(&scene, c, split, from, to, weights, valueAt);
    }
}

// Merges the states as attention_rows merges its splits; group x = row * heads + head.
KERNEL attention_merge(MATRIX(states), int splits, int valueDim, int heads, MATRIX(positions),
        int window, MATRIX(sinks), int sunk, MATRIX(out)) {
    int row = GROUP_X / heads;
    int end = I32_AT(positions)[row] + 1;
    int begin = window == 0 || window > end ? 0 : end - window;
    for (int c = LANE; c < valueDim; c += LANE_COUNT) {
        float most = sunk ? F32_AT(sinks)[GROUP_X % heads] : -INFINITE;
        float sum = sunk ? 1.0f : 0.0f;
        float total = 0.0f;
        for (int split = begin / SPLIT; split * SPLIT < end; split++) {
            GLOBAL const float* state = F32_AT(states)
                    + ((wide) GROUP_X * splits + split) * (valueDim + 2);
            float larger = LARGER(most, state[0]);
            float before = EXP(most - larger);
            float after = EXP(state[0] - larger);
            total = FMA(state[2 + c], after, total * before);
            sum = FMA(state[1], after, sum * before);
            most = larger;
        }
        F32_AT(out)[(wide) GROUP_X * valueDim + c] = total / sum;
    }
}
