// Routing, and the order in which tokens meet experts.

#define EXPERTS_MAX 1024
#define LANE_COUNT 64

// Larger first; of equals the lower index first. -1 is no index.
FUNCTION int ahead(float a, int ia, float b, int ib) {
    return ib < 0 || (ia >= 0 && (a > b || (a == b && ia < ib)));
}

// Index of the largest of values[from .. from + count], leaving out what `taken` has marked.
FUNCTION int largest(LOCAL const float* values, LOCAL const int* taken, int from, int count,
        LOCAL float* laneValues, LOCAL int* laneIndices) {
    float best = 0.0f;
    int at = -1;
    for (int i = from + LANE; i < from + count; i += LANE_COUNT) {
        if (!taken[i] && ahead(values[i], i, best, at)) {
            best = values[i];
            at = i;
        }
    }
    laneValues[LANE] = best;
    laneIndices[LANE] = at;
    BARRIER();
    for (int step = LANE_COUNT / 2; step > 0; step /= 2) {
        if (LANE < step && ahead(laneValues[LANE + step], laneIndices[LANE + step],
                laneValues[LANE], laneIndices[LANE])) {
            laneValues[LANE] = laneValues[LANE + step];
            laneIndices[LANE] = laneIndices[LANE + step];
        }
        BARRIER();
    }
    int index = laneIndices[0];
    BARRIER();
    return index;
}

// Softmax of values[0 .. count] in place; the sum is a tree over 64 lanes.
FUNCTION void softmax(LOCAL float* values, int count, LOCAL float* lanes) {
    float most = -INFINITE;
    for (int i = LANE; i < count; i += LANE_COUNT) {
        most = LARGER(most, values[i]);
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
    for (int i = LANE; i < count; i += LANE_COUNT) {
        values[i] = EXP(values[i] - most);
        sum += values[i];
    }
    lanes[LANE] = sum;
    BARRIER();
    for (int step = LANE_COUNT / 2; step > 0; step /= 2) {
        if (LANE < step) {
            lanes[LANE] += lanes[LANE + step];
        }
        BARRIER();
    }
    sum = lanes[0];
    BARRIER();
    for (int i = LANE; i < count; i += LANE_COUNT) {
        values[i] /= sum;
    }
    BARRIER();
}

// One group a row. The steps of RouterSpec: score (scoring: 0 softmax over all, 1 over the kept,
// 2 sigmoid), correction bias for the selection only, drop all but `groupsKept` of `groups` (a
// group counts as its best, or the sum of its two best), keep the topK largest, weigh.
KERNEL route_top_k(MATRIX(logits), int experts, int topK, int scoring, int normalize,
        float factor, int groups, int groupsKept, int bestTwo, MATRIX(bias), int biased,
        MATRIX(expertIds), MATRIX(expertWeights)) {
    LOCAL_ARRAY(float, scores, EXPERTS_MAX);
    LOCAL_ARRAY(float, selection, EXPERTS_MAX);
    LOCAL_ARRAY(int, taken, EXPERTS_MAX);
    LOCAL_ARRAY(float, groupScores, EXPERTS_MAX);
    LOCAL_ARRAY(int, groupKept, EXPERTS_MAX);
    LOCAL_ARRAY(float, laneValues, LANE_COUNT);
    LOCAL_ARRAY(int, laneIndices, LANE_COUNT);
    wide row = GROUP_X;
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        float logit = F32_AT(logits)[row * experts + e];
        scores[e] = scoring == 2 ? sigmoid(logit) : logit;
        taken[e] = 0;
    }
    BARRIER();
    if (scoring == 0) {
        softmax(scores, experts, laneValues);
    }
    for (int e = LANE; e < experts; e += LANE_COUNT) {
        selection[e] = biased ? scores[e] + F32_AT(bias)[e] : scores[e];
    }
    BARRIER();
    if (groupsKept < groups) {
        int size = experts / groups;
        for (int g = 0; g < groups; g++) {
            int first = largest(selection, taken, g * size, size, laneValues, laneIndices);
            float score = selection[first];
            if (bestTwo && size > 1) {
                if (LANE == 0) {
                    taken[first] = 1;
                }
                BARRIER();
                int second = largest(selection, taken, g * size, size, laneValues, laneIndices);
                score += selection[second];
            }
            if (LANE == 0) {
                groupScores[g] = score;
                groupKept[g] = 0;
                taken[first] = 0;
            }
            BARRIER();
        }
        for (int i = 0; i < groupsKept; i++) {
            int g = largest(groupScores, groupKept, 0, groups, laneValues, laneIndices);
            if (LANE == 0) {
                groupKept[g] = 1;
            }
            BARRIER();
        }
        for (int e = LANE; e < experts; e += LANE_COUNT) {
            taken[e] = !groupKept[e / size];
        }
        BARRIER();
    }
    // From here groupScores holds the weights of the kept.
    for (int k = 0; k < topK; k++) {
        int e = largest(selection, taken, 0, experts, laneValues, laneIndices);
        if (LANE == 0) {
            taken[e] = 1;
            groupScores[k] = scores[e];
            I32_AT(expertIds)[row * topK + k] = e;
        }
        BARRIER();
    }
    if (scoring == 1) {
        softmax(groupScores, topK, laneValues);
    }
    float sum = 1.0f;
    if (normalize) {
        sum = 0.0f;
        for (int k = 0; k < topK; k++) {
            sum += groupScores[k];
        }
        sum += 1e-20f;
    }
    for (int k = LANE; k < topK; k += LANE_COUNT) {
        F32_AT(expertWeights)[row * topK + k] = groupScores[k] / sum * factor;
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
