// Routing and the order in which rows meet experts, with the results of experts.cl bit for bit:
// the router's product, the choice and the counters in one launch; the permutation by counting;
// the sum of the experts' rows.
#include "device.cuh"

#define ROUTE_THREADS 256
#define ROUTE_WARPS 8
#define EXPERTS_MAX 1024
#define DISPATCH_THREADS 1024
#define DISPATCH_WARPS 32

// ---- choosing ---------------------------------------------------------------------------------

struct Routing {
    int experts, topK, scoring, normalize;
    float factor;
    int groups, groupsKept, bestTwo;
};

// How many of values[from .. from + count] come before values[index]: the larger first, of equals
// the lower index first.
INLINE int rank_of(const float* values, int from, int count, int index) {
    float value = values[index];
    int rank = 0;
    for (int i = from; i < from + count; i++) {
        float other = values[i];
        rank += other > value || (other == value && i < index);
    }
    return rank;
}

INLINE float maximum_of(const float* values, int count) {
    float most = values[0];
    for (int i = 1; i < count; i++) {
        most = fmaxf(most, values[i]);
    }
    return most;
}

INLINE float sum_of(const float* values, int count) {
    float sum = 0.0f;
    for (int i = 0; i < count; i++) {
        sum = plus(sum, values[i]);
    }
    return sum;
}

INLINE float group_score(const float* values, int from, int size, int bestTwo) {
    float first = -INFINITY;
    float second = -INFINITY;
    for (int i = from; i < from + size; i++) {
        second = fmaxf(second, fminf(first, values[i]));
        first = fmaxf(first, values[i]);
    }
    return bestTwo && size > 1 ? plus(first, second) : first;
}

// The steps of RouterSpec for one row, by all threads of the block; logits stand in `selection`.
// scores, selection, groupScores and kept have `experts` floats each. counters may be null.
INLINE void choose(const Routing& r, const float* bias, float* scores, float* selection,
        float* groupScores, float* kept, int* ids, float* weights, int* counters) {
    int size = r.experts / r.groups;
    float most = maximum_of(selection, r.experts);
    for (int e = (int) threadIdx.x; e < r.experts; e += ROUTE_THREADS) {
        float logit = selection[e];
        scores[e] = r.scoring == 0 ? expf(plus(logit, -most))
                : r.scoring == 1 ? logit : sigmoid_of(logit);
    }
    sync();
    float all = r.scoring == 0 ? sum_of(scores, r.experts) : 1.0f;
    for (int e = (int) threadIdx.x; e < r.experts; e += ROUTE_THREADS) {
        float score = r.scoring == 0 ? over(scores[e], all) : scores[e];
        selection[e] = bias != nullptr ? plus(score, bias[e]) : score;
    }
    sync();
    for (int g = (int) threadIdx.x; g < r.groups; g += ROUTE_THREADS) {
        groupScores[g] = group_score(selection, g * size, size, r.bestTwo);
    }
    sync();
    for (int e = (int) threadIdx.x; e < r.experts; e += ROUTE_THREADS) {
        bool dropped = r.groupsKept < r.groups
                && rank_of(groupScores, 0, r.groups, e / size) >= r.groupsKept;
        kept[e] = dropped ? -INFINITY : selection[e];
    }
    sync();
    for (int e = (int) threadIdx.x; e < r.experts; e += ROUTE_THREADS) {
        int rank = rank_of(kept, 0, r.experts, e);
        if (rank < r.topK) {
            ids[rank] = e;
            groupScores[rank] = r.scoring == 0 ? over(scores[e], all) : scores[e];
            if (counters != nullptr) {
                atomic_add(counters + e, 1);
            }
        }
    }
    sync();
    float best = maximum_of(groupScores, r.topK);
    for (int k = (int) threadIdx.x; k < r.topK; k += ROUTE_THREADS) {
        selection[k] = r.scoring == 1 ? expf(plus(groupScores[k], -best)) : groupScores[k];
    }
    sync();
    float sum = sum_of(selection, r.topK);
    for (int k = (int) threadIdx.x; k < r.topK; k += ROUTE_THREADS) {
        float weight = r.scoring == 1 ? over(selection[k], sum) : selection[k];
        // The softmax over the kept sums to 1 already.
        float divisor = !r.normalize || r.scoring == 1 ? 1.0f : plus(sum, 1e-20f);
        weights[k] = times(over(weight, divisor), r.factor);
    }
}

#define ROUTING_ARGUMENTS int experts, int topK, int scoring, int normalize, float factor, \
        int groups, int groupsKept, int bestTwo, MATRIX(bias), int biased, MATRIX(expertIds), \
        MATRIX(expertWeights), MATRIX(counters), int counted

#define CHOOSE(row) \
    Routing r = {experts, topK, scoring, normalize, factor, groups, groupsKept, bestTwo}; \
    choose(r, biased ? AT(const float, bias) : nullptr, scores, selection, groupScores, kept, \
            AT(int, expertIds) + (row) * topK, AT(float, expertWeights) + (row) * topK, \
            counted ? AT(int, counters) : nullptr);

#define ROUTE_ROOMS \
    SHARED_ARRAY(float, scores, EXPERTS_MAX); \
    SHARED_ARRAY(float, selection, EXPERTS_MAX); \
    SHARED_ARRAY(float, groupScores, EXPERTS_MAX); \
    SHARED_ARRAY(float, kept, EXPERTS_MAX);

// route_top_k, and counters [1,E] += the chosen where counted. Grid x: rows.
ENTRY(ROUTE_THREADS, 2) route_rows(MATRIX(logits), ROUTING_ARGUMENTS) {
    ROUTE_ROOMS
    wide row = blockIdx.x;
    for (int e = (int) threadIdx.x; e < experts; e += ROUTE_THREADS) {
        selection[e] = AT(const float, logits)[row * experts + e];
    }
    sync();
    CHOOSE(row)
}

// route_top_k with its arguments. Grid x: rows.
ENTRY(ROUTE_THREADS, 2) route_top_k_wide(MATRIX(logits), int experts, int topK, int scoring,
        int normalize, float factor, int groups, int groupsKept, int bestTwo, MATRIX(bias),
        int biased, MATRIX(expertIds), MATRIX(expertWeights)) {
    ROUTE_ROOMS
    wide row = blockIdx.x;
    for (int e = (int) threadIdx.x; e < experts; e += ROUTE_THREADS) {
        selection[e] = AT(const float, logits)[row * experts + e];
    }
    sync();
    Routing r = {experts, topK, scoring, normalize, factor, groups, groupsKept, bestTwo};
    choose(r, biased ? AT(const float, bias) : nullptr, scores, selection, groupScores, kept,
            AT(int, expertIds) + row * topK, AT(float, expertWeights) + row * topK, nullptr);
}

// The value of 32 columns of an F32 product: multiply-adds in column order.
INLINE float float_block(const float* w, const float* x, int width) {
    float value = 0.0f;
    if (width == 32) {
        UNROLL
        for (int i = 0; i < 32; i += 4) {
            float4 a = *(const float4*) (w + i);
            float4 b = *(const float4*) (x + i);
            value = fused(a.x, b.x, value);
            value = fused(a.y, b.y, value);
            value = fused(a.z, b.z, value);
            value = fused(a.w, b.w, value);
        }
        return value;
    }
    for (int i = 0; i < width; i++) {
        value = fused(w[i], x[i], value);
    }
    return value;
}

// logits [T,E] = x [T,D] * router [E,D]^T (F32), then route_rows of each row by the block of
// threads that finishes it last. A warp has one expert. arrivals [1,T] is zero before and after.
// D is a multiple of 4. Grid x: experts / 8, y: rows. Dynamic shared memory: 8 * (D / 32 rounded
// up) floats.
ENTRY(ROUTE_THREADS, 2) gate_and_route(MATRIX(x), MATRIX(router), int cols, MATRIX(logits),
        MATRIX(arrivals), ROUTING_ARGUMENTS) {
    DYNAMIC_SHARED(shared);
    ROUTE_ROOMS
    SHARED_ARRAY(int, last, 1);
    wide row = blockIdx.y;
    int blocks = (cols + 31) / 32;
    int e = (int) blockIdx.x * ROUTE_WARPS + WARP;
    float* values = (float*) shared + WARP * blocks;
    for (int b = LANE_OF_WARP; b < blocks && e < experts; b += 32) {
        int width = cols - 32 * b < 32 ? cols - 32 * b : 32;
        values[b] = float_block(AT(const float, router) + (wide) e * cols + 32 * b,
                AT(const float, x) + row * cols + 32 * b, width);
    }
    sync_warp();
    if (LANE_OF_WARP == 0 && e < experts) {
        AT(float, logits)[row * experts + e] = sum_of(values, blocks);
    }
    // The logits of this block are written before it counts itself as arrived.
    fence();
    sync();
    if (threadIdx.x == 0) {
        last[0] = atomic_add(AT(int, arrivals) + row, 1) == (int) gridDim.x - 1;
    }
    sync();
    if (!last[0]) {
        return;
    }
    fence();
    for (int i = (int) threadIdx.x; i < experts; i += ROUTE_THREADS) {
        selection[i] = load_fresh(AT(const float, logits) + row * experts + i);
    }
    if (threadIdx.x == 0) {
        AT(int, arrivals)[row] = 0;
    }
    sync();
    CHOOSE(row)
}

// ---- permutation ------------------------------------------------------------------------------

// Exclusive sums of counts[0 .. experts] in place, by warp 0; the total goes to counts[experts].
INLINE void sums_before(int* counts, int experts) {
    if (WARP == 0) {
        int share = (experts + 31) / 32;
        int from = LANE_OF_WARP * share;
        int to = from + share < experts ? from + share : experts;
        int own = 0;
        for (int e = from; e < to; e++) {
            own += counts[e];
        }
        int before = own;
        UNROLL
        for (int distance = 1; distance < 32; distance *= 2) {
            int below = from_below(before, distance);
            before += LANE_OF_WARP >= distance ? below : 0;
        }
        int total = from_lane(before, 31);
        before -= own;
        for (int e = from; e < to; e++) {
            int count = counts[e];
            counts[e] = before;
            before += count;
        }
        if (LANE_OF_WARP == 0) {
            counts[experts] = total;
        }
    }
}

// dispatch_experts by a stable counting sort: each warp counts and later places a run of pairs.
// One block of threads. Dynamic shared memory: (32 * experts + 2 * (experts + 1)) ints.
ENTRY(DISPATCH_THREADS, 1) dispatch_pairs(MATRIX(expertIds), int pairs, int experts,
        MATRIX(places), int tileRows, MATRIX(starts), MATRIX(order), MATRIX(tiles), int tileMax) {
    DYNAMIC_SHARED(shared);
    int* counts = (int*) shared;
    int* start = counts + DISPATCH_WARPS * experts;
    int* tile = start + experts + 1;
    const int* ids = AT(const int, expertIds);
    const wide* at = AT(const wide, places);
    for (int i = (int) threadIdx.x; i < DISPATCH_WARPS * experts; i += DISPATCH_THREADS) {
        counts[i] = 0;
    }
    for (int i = (int) threadIdx.x; i < tileMax; i += DISPATCH_THREADS) {
        AT(int, tiles)[i] = -1;
    }
    sync();
    int run = (pairs + DISPATCH_WARPS - 1) / DISPATCH_WARPS;
    int from = WARP * run;
    int to = from + run < pairs ? from + run : pairs;
    for (int i = from + LANE_OF_WARP; i < to; i += 32) {
        atomic_add(counts + WARP * experts + ids[i], 1);
    }
    sync();
    // What each warp finds of an expert begins behind what the warps before it find.
    for (int e = (int) threadIdx.x; e < experts; e += DISPATCH_THREADS) {
        int sum = 0;
        for (int w = 0; w < DISPATCH_WARPS; w++) {
            int count = counts[w * experts + e];
            counts[w * experts + e] = sum;
            sum += count;
        }
        sum = at[2 * e + 1] >= 0 ? sum : 0;
        start[e] = sum;
        tile[e] = (sum + tileRows - 1) / tileRows;
    }
    sync();
    sums_before(start, experts);
    sums_before(tile, experts);
    sync();
    for (int e = (int) threadIdx.x; e <= experts; e += DISPATCH_THREADS) {
        AT(int, starts)[e] = start[e];
        for (int i = e < experts ? tile[e] : 0; e < experts && i < tile[e + 1]; i++) {
            AT(int, tiles)[i] = e;
            AT(int, tiles)[tileMax + i] = start[e] + (i - tile[e]) * tileRows;
        }
    }
    int rounds = (run + 31) / 32;
    for (int round = 0; round < rounds; round++) {
        int i = from + round * 32 + LANE_OF_WARP;
        bool live = i < to;
        int e = live ? ids[i] : -1;
        unsigned same = same_lanes(e);
        int rank = count_bits(same & ((1u << LANE_OF_WARP) - 1));
        int place = live ? counts[WARP * experts + e] : 0;
        sync_warp();
        if (live && at[2 * e + 1] >= 0) {
            AT(int, order)[start[e] + place + rank] = i;
        }
        if (live && rank == 0) {
            counts[WARP * experts + e] = place + count_bits(same);
        }
        sync_warp();
    }
}

// The sums of four columns c.. of row t.
INLINE float4 combined(const float* rows, const float* weights, wide t, int c, int slots,
        int cols) {
    float4 sum = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int k = 0; k < slots; k++) {
        float weight = weights[t * slots + k];
        float4 v = *(const float4*) (rows + (t * slots + k) * cols + c);
        sum.x = fused(weight, v.x, sum.x);
        sum.y = fused(weight, v.y, sum.y);
        sum.z = fused(weight, v.z, sum.z);
        sum.w = fused(weight, v.w, sum.w);
    }
    return sum;
}

// combine_experts with its arguments; D is a multiple of 4. Grid x: count / 1024.
ENTRY(256, 4) combine_experts_wide(MATRIX(rows), MATRIX(expertWeights), MATRIX(out), int slots,
        int cols, wide count) {
    wide i = ((wide) blockIdx.x * 256 + threadIdx.x) * 4;
    if (i < count) {
        *(float4*) (AT(float, out) + i) = combined(AT(const float, rows),
                AT(const float, expertWeights), i / cols, (int) (i % cols), slots, cols);
    }
}

// combine_experts: out [T,D] = sum over k, ascending, of expertWeights[t,k] * rows[t*K+k], onto
// `added` where addedTo. D is a multiple of 4. Grid x: D / 1024 rounded up, y: T.
ENTRY(256, 4) combine_rows(MATRIX(rows), MATRIX(expertWeights), MATRIX(added), int addedTo,
        MATRIX(out), int slots, int cols) {
    int c = ((int) blockIdx.x * 256 + (int) threadIdx.x) * 4;
    if (c >= cols) {
        return;
    }
    wide t = blockIdx.y;
    float4 sum = combined(AT(const float, rows), AT(const float, expertWeights), t, c, slots, cols);
    float* to = AT(float, out) + t * cols + c;
    if (addedTo) {
        const float* onto = AT(const float, added) + t * cols + c;
        sum.x = fused(1.0f, sum.x, onto[0]);
        sum.y = fused(1.0f, sum.y, onto[1]);
        sum.z = fused(1.0f, sum.z, onto[2]);
        sum.w = fused(1.0f, sum.w, onto[3]);
    }
    *(float4*) to = sum;
}
