package dev.sluice.kernels;

/// How router logits become expert ids and weights. One value per model, read from its config.
///
/// Order of steps: score; add the correction bias (for selection only); drop all but
/// `groupsKept` of `groups` equal groups of experts; keep the `topK` largest (ties: the lower
/// expert id); take the unbiased scores of the kept as weights; normalise; scale.
///
/// @param scoring    where the softmax or sigmoid sits relative to the selection
/// @param normalize  whether the kept weights are divided by their sum (plus 1e-20)
/// @param scale      factor on the kept weights after normalisation
/// @param groups     expert groups; 1 when the model has none
/// @param groupRule  how a group is scored when only some are kept
public record RouterSpec(int experts, int topK, Scoring scoring, boolean normalize, float scale,
        int groups, int groupsKept, GroupRule groupRule) {

    public enum Scoring { SOFTMAX_ALL, SOFTMAX_KEPT, SIGMOID }

    /// BEST: the largest score (DeepSeek-V2). BEST_TWO: sum of the two largest (DeepSeek-V3).
    public enum GroupRule { BEST, BEST_TWO }

    public RouterSpec {
        if (topK < 1 || topK > experts) {
            throw new IllegalArgumentException("topK=" + topK + " of experts=" + experts);
        }
        if (groups < 1 || experts % groups != 0 || groupsKept < 1 || groupsKept > groups
                || groupsKept * (experts / groups) < topK) {
            throw new IllegalArgumentException("groups=%d kept=%d of experts=%d topK=%d"
                    .formatted(groups, groupsKept, experts, topK));
        }
    }

    /// A router without groups.
    public static RouterSpec of(int experts, int topK, Scoring scoring, boolean normalize,
            float scale) {
        return new RouterSpec(experts, topK, scoring, normalize, scale, 1, 1, GroupRule.BEST);
    }
}
