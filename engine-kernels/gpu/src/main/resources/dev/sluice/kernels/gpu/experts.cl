// Routing, and the order in which tokens meet experts.

#define EXPERTS_MAX 1024
#define LANE_COUNT 64

// How many of values[from .. from + count] come before values[index]: the larger first, of equals
// the lower index first.
FUNCTION int rank_of(LOCAL const float* values, int from, int count, int index) {
    float value = values[index];
    int rank = 0;
    for (int i = from; i < from + count; i++) {
        float other = values[i];
        rank += other > value || (other == value && i < index);
    }
    return rank;
}

FUNCTION float maximum_of(LOCAL const float* values, int count) {
    float most = values[0];
    for (int i = 1; i < count; i++) {
        most = LARGER(most, values[i]);
    }
    return most;
}

FUNCTION float sum_of(LOCAL const float* values, int count) {
    float sum = 0.0f;
    for (int i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum;
}

// What a group counts: its largest value, or the sum of its two largest.
FUNCTION float group_score(LOCAL const float* values, int from, int size, int bestTwo) {
    float first = -INFINITE;
    float second = -INFINITE;
    for (int i = from; i < from + size; i++) {
        second = LARGER(second, SMALLER(first, values[i]));
        first = LARGER(first, values[i]);
    }
    return bestTwo && size > 1 ? first + second : first;
}

// One group of lanes a row. The steps of RouterSpec: score (scoring: 0 softmax over all, 1 over
// the kept, 2 sigmoid), correction bias for the selection only, drop all but `groupsKept` of
// `groups`, keep the topK largest, weigh. A lane finds the place of its experts by counting those
// ahead of them, so nothing is reduced over lanes, and sums run in index order.
KERNEL route_top_k(MATRIX(logits), int experts, int topK, int scoring, int normalize,
        float factor, int groups, int groupsKept, int bestTwo, MATRIX(bias), int biased,
        MATRIX(expertIds), MATRIX(expertWeights)) {
    LOCAL_ARRAY(float, scores, EXPERTS_MAX);
    LOCAL_ARRAY(float, selection, EXPERTS_MAX);
    LOCAL_ARRAY(float, groupScores, EXPERTS_MAX);
    LOCAL_ARRAY(float, kept, EXPERTS_MAX);
    wide row = GROUP_X;
    int size = experts / groups;
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        selection[e] = F32_AT(logits)[row * experts + e];
    }
    BARRIER();
    float most = maximum_of(selection, experts);
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        float logit = selection[e];
        scores[e] = scoring == 0 ? EXP(logit - most) : scoring == 1 ? logit : sigmoid(logit);
    }
    BARRIER();
    float all = scoring == 0 ? sum_of(scores, experts) : 1.0f;
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        float score = scoring == 0 ? scores[e] / all : scores[e];
        selection[e] = biased ? score + F32_AT(bias)[e] : score;
    }
    BARRIER();
    for (int g = LANE; g < groups; g += LANE_COUNT) {
        groupScores[g] = group_score(selection, g * size, size, bestTwo);
    }
    BARRIER();
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        int dropped = groupsKept < groups
                && rank_of(groupScores, 0, groups, e / size) >= groupsKept;
        kept[e] = dropped ? -INFINITE : selection[e];
    }
    BARRIER();
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        int rank = rank_of(kept, 0, experts, e);
        if (rank < topK) {
            I32_AT(expertIds)[row * topK + rank] = e;
            groupScores[rank] = scoring == 0 ? scores[e] / all : scores[e];
        }
    }
    BARRIER();
    float best = maximum_of(groupScores, topK);
    for (int k = LANE; k < topK; k += LANE_COUNT) {
        selection[k] = scoring == 1 ? EXP(groupScores[k] - best) : groupScores[k];
    }
    BARRIER();
    float sum = sum_of(selection, topK);
    for (int k = LANE; k < topK; k += LANE_COUNT) {
        float weight = scoring == 1 ? selection[k] / sum : selection[k];
        // The softmax over the kept sums to 1 already.
        float divisor = !normalize || scoring == 1 ? 1.0f : sum + 1e-20f;
        F32_AT(expertWeights)[row * topK + k] = weight / divisor * factor;
    }
}

// counters [1,E] += how often each expert occurs in expertIds
KERNEL count_experts(MATRIX(expertIds), wide count, MATRIX(counters)) {
    wide i = GLOBAL_ID;
    if (i < count) {
        ATOMIC_ADD(I32_AT(counters) + I32_AT(expertIds)[i], 1);
    }
}

// Sorts `pairs` (token, slot) by expert, stable, by counting; pairs of absent experts (places
// [experts, 2]: a buffer below 0) are left out. One group.
//
//     starts [experts + 1]   first sorted pair of each expert; the last is the number of pairs
//     order [pairs]          pair at each sorted place
//     tiles [2, tileMax]     expert (-1 for none) and first sorted pair of tileRows pairs at most
KERNEL dispatch_experts(MATRIX(expertIds), int pairs, int experts, MATRIX(places), int tileRows,
        MATRIX(starts), MATRIX(order), MATRIX(tiles), int tileMax) {
    GLOBAL const int* ids = I32_AT(expertIds);
    GLOBAL const wide* at = (GLOBAL const wide*) BYTES_AT(places);
    GLOBAL int* start = I32_AT(starts);
    for (int e = LANE; e < experts; e += LANES) {
        int count = 0;
        if (at[2 * e + 1] >= 0) {
            for (int i = 0; i < pairs; i++) {
                count += ids[i] == e;
            }
        }
        start[e + 1] = count;
    }
    for (int i = LANE; i < tileMax; i += LANES) {
        I32_AT(tiles)[i] = -1;
    }
    BARRIER();
    if (LANE == 0) {
        int tile = 0;
        int sum = 0;
        start[0] = 0;
        for (int e = 0; e < experts; e++) {
            int end = sum + start[e + 1];
            for (int first = sum; first < end; first += tileRows) {
                I32_AT(tiles)[tile] = e;
                I32_AT(tiles)[tileMax + tile] = first;
                tile++;
            }
            sum = end;
            start[e + 1] = sum;
        }
    }
    BARRIER();
    for (int e = LANE; e < experts; e += LANES) {
        int at = start[e];
        if (at < start[e + 1]) {
            for (int i = 0; i < pairs; i++) {
                if (ids[i] == e) {
                    I32_AT(order)[at++] = i;
                }
            }
        }
    }
}

// out [T,D] = sum over k, ascending, of expertWeights[t,k] * rows[t*K+k]
KERNEL combine_experts(MATRIX(rows), MATRIX(expertWeights), MATRIX(out), int slots, int cols,
        wide count) {
    wide i = GLOBAL_ID;
    if (i < count) {
        wide t = i / cols;
        float sum = 0.0f;
        for (int k = 0; k < slots; k++) {
            sum = FMA(F32_AT(expertWeights)[t * slots + k],
                    F32_AT(rows)[(t * slots + k) * cols + i % cols], sum);
        }
        F32_AT(out)[i] = sum;
    }
}
