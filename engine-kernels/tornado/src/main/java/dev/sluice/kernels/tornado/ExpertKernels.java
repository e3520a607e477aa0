package dev.sluice.kernels.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// Routing, and the order in which tokens meet experts, written for TornadoVM: the arithmetic of
/// `experts.cl`.
final class ExpertKernels {
    private static final int EXPERTS_MAX = 1024;
    private static final int LANES = 64;

    private ExpertKernels() { }

    // One group of lanes a row; the steps of RouterSpec. A lane finds the place of its experts by
    // counting those ahead of them (the larger first, of equals the lower index first), so nothing
    // is reduced over lanes, and sums run in index order.
    // The numbers: 0 logits, 1 experts, 2 topK, 3 scoring (0 softmax over all, 1 over the kept,
    // 2 sigmoid), 4 normalize, 5 groups, 6 groupsKept, 7 bestTwo, 8 bias, 9 biased, 10 expertIds,
    // 11 expertWeights; real 0: scale.
    static void routeTopK(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        float[] scores = context.allocateFloatLocalArray(EXPERTS_MAX);
        float[] selection = context.allocateFloatLocalArray(EXPERTS_MAX);
        float[] groupScores = context.allocateFloatLocalArray(EXPERTS_MAX);
        float[] kept = context.allocateFloatLocalArray(EXPERTS_MAX);
        int lane = context.localIdx;
        int row = context.groupIdx;
        int experts = numbers.get(1);
        int topK = numbers.get(2);
        int scoring = numbers.get(3);
        int groups = numbers.get(5);
        int size = experts / groups;
        for (int e = lane; e < experts; e += LANES) {
            selection[e] = floats.get(numbers.get(0) + row * experts + e);
        }
        context.localBarrier();
        float most = Float.NEGATIVE_INFINITY;
        for (int e = 0; e < experts; e++) {
            most = RowKernels.larger(most, selection[e]);
        }
        for (int e = lane; e < experts; e += LANES) {
            scores[e] = scored(scoring, selection[e], most);
        }
        context.localBarrier();
        float all = 1.0f;
        if (scoring == 0) {
            all = 0.0f;
            for (int e = 0; e < experts; e++) {
                all = all + scores[e];
            }
        }
        for (int e = lane; e < experts; e += LANES) {
            float score = scores[e] / all;
            if (numbers.get(9) != 0) {
                score = score + floats.get(numbers.get(8) + e);
            }
            selection[e] = score;
        }
        context.localBarrier();
        // What a group counts: its largest value, or the sum of its two largest.
        for (int g = lane; g < groups; g += LANES) {
            float first = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int e = g * size; e < g * size + size; e++) {
                float value = selection[e];
                second = RowKernels.larger(second, RowKernels.smaller(first, value));
                first = RowKernels.larger(first, value);
            }
            groupScores[g] = numbers.get(7) != 0 && size > 1 ? first + second : first;
        }
        context.localBarrier();
        for (int e = lane; e < experts; e += LANES) {
            int group = e / size;
            float score = groupScores[group];
            int rank = 0;
            for (int g = 0; g < groups; g++) {
                rank = rank + before(groupScores[g], g, score, group);
            }
            float value = selection[e];
            kept[e] = rank >= numbers.get(6) ? Float.NEGATIVE_INFINITY : value;
        }
        context.localBarrier();
        for (int e = lane; e < experts; e += LANES) {
            float value = kept[e];
            int rank = 0;
            for (int o = 0; o < experts; o++) {
                rank = rank + before(kept[o], o, value, e);
            }
            if (rank < topK) {
                words.set(numbers.get(10) + row * topK + rank, e);
                groupScores[rank] = scores[e] / all;
            }
        }
        context.localBarrier();
        float best = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < topK; k++) {
            best = RowKernels.larger(best, groupScores[k]);
        }
        for (int k = lane; k < topK; k += LANES) {
            float score = groupScores[k];
            selection[k] = scoring == 1 ? TornadoMath.exp(score - best) : score;
        }
        context.localBarrier();
        float sum = 0.0f;
        for (int k = 0; k < topK; k++) {
            sum = sum + selection[k];
        }
        for (int k = lane; k < topK; k += LANES) {
            float value = selection[k];
            float weight = scoring == 1 ? value / sum : value;
            // The softmax over the kept sums to 1 already.
            float divisor = numbers.get(4) == 0 || scoring == 1 ? 1.0f : sum + 1e-20f;
            floats.set(numbers.get(11) + row * topK + k, weight / divisor * reals.get(0));
        }
    }

    /// 1 where value a of index i comes before value b of index j. In arithmetic, because TornadoVM
    /// 5.2 loses a negation in `a > b || (a == b && i < j)`.
    private static int before(float a, int i, float b, int j) {
        int larger = a > b ? 1 : 0;
        int equal = a == b ? 1 : 0;
        int ahead = i < j ? 1 : 0;
        return larger + equal * ahead;
    }

    private static float scored(int scoring, float logit, float most) {
        float score = logit;
        if (scoring == 0) {
            score = TornadoMath.exp(logit - most);
        } else if (scoring == 2) {
            score = RowKernels.sigmoid(logit);
        }
        return score;
    }

    // counters [1,E] += how often each expert occurs in expertIds
    static void countExperts(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int i = context.globalIdx;
        if (i < numbers.get(1)) {
            context.atomicAdd(words, numbers.get(2) + words.get(numbers.get(0) + i), 1);
        }
    }

    // Sorts `pairs` (token, slot) by expert, stable, by counting; pairs of absent experts (places
    // [experts, 2] of 64 bits: the second below 0) are left out. One group of 128 lanes.
    //     starts [experts + 1]   first sorted pair of each expert; the last is the number of pairs
    //     order [pairs]          pair at each sorted place
    //     tiles [2, tileMax]     expert (-1 for none) and first sorted pair of tileRows at most
    // The numbers: 0 expertIds, 1 pairs, 2 experts, 3 places, 4 tileRows, 5 starts, 6 order,
    // 7 tiles, 8 tileMax.
    static void dispatchExperts(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int lane = context.localIdx;
        int lanes = context.localGroupSizeX;
        int ids = numbers.get(0);
        int pairs = numbers.get(1);
        int experts = numbers.get(2);
        int start = numbers.get(5);
        for (int e = lane; e < experts; e += lanes) {
            int count = 0;
            if (words.get(numbers.get(3) + 4 * e + 2) >= 0) {
                for (int i = 0; i < pairs; i++) {
                    if (words.get(ids + i) == e) {
                        count++;
                    }
                }
            }
            words.set(start + e + 1, count);
        }
        for (int i = lane; i < numbers.get(8); i += lanes) {
            words.set(numbers.get(7) + i, -1);
        }
        context.globalBarrier();
        if (lane == 0) {
            int tile = numbers.get(7);
            int sum = 0;
            words.set(start, 0);
            for (int e = 0; e < experts; e++) {
                int end = sum + words.get(start + e + 1);
                for (int first = sum; first < end; first += numbers.get(4)) {
                    words.set(tile, e);
                    words.set(tile + numbers.get(8), first);
                    tile++;
                }
                sum = end;
                words.set(start + e + 1, sum);
            }
        }
        context.globalBarrier();
        for (int e = lane; e < experts; e += lanes) {
            int at = words.get(start + e);
            if (at < words.get(start + e + 1)) {
                for (int i = 0; i < pairs; i++) {
                    if (words.get(ids + i) == e) {
                        words.set(numbers.get(6) + at, i);
                        at++;
                    }
                }
            }
        }
    }

    // out [T,D] = sum over k, ascending, of expertWeights[t,k] * rows[t*K+k]
    static void combineExperts(KernelContext context, IntArray numbers, FloatArray reals,
            IntArray words, FloatArray floats) {
        int slots = numbers.get(3);
        int cols = numbers.get(4);
        int i = context.globalIdx;
        if (i < numbers.get(5)) {
            int t = i / cols;
            float sum = 0.0f;
            for (int k = 0; k < slots; k++) {
                float weight = floats.get(numbers.get(1) + t * slots + k);
                float value = floats.get(numbers.get(0) + (t * slots + k) * cols + i % cols);
                sum = sum + weight * value;
            }
            floats.set(numbers.get(2) + i, sum);
        }
    }
}
