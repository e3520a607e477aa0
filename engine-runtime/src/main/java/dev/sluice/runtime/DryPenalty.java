package dev.sluice.runtime;

import dev.sluice.runtime.SamplingParams.Dry;

/// "Don't repeat yourself", a penalty on the token that would go on with a repetition.
///
/// With h the last n tokens, newest first, the Z function of h gives for each i how many tokens
/// before position i equal those at the end. The token that followed there, h[i - 1], would make
/// the repetition one longer; it loses multiplier * base^(length - allowedLength).
///
///     h      newest ... oldest          z[i] = longest common prefix of h and h[i..]
///
/// Buffers for one engine. Engine thread only.
final class DryPenalty {
    /// ln of the largest float: base^exponent must stay below it.
    private static final double LN_FLOAT_MAX = 88.7228391;

    /// Longest repetition by token id; all zero between calls.
    private final int[] longest;
    private int[] common = new int[64];

    DryPenalty(int vocab) {
        longest = new int[vocab];
    }

    void apply(Dry dry, DryBreakers breakers, TokenHistory history, Candidates candidates) {
        int n = dry.lastN() > 0 ? Math.min(dry.lastN(), history.size()) : history.size();
        int most = breakers.repetitionMax(history, n);
        if (most < dry.allowedLength()) {
            return;
        }
        if (common.length < n) {
            common = new int[Math.max(n, 2 * common.length)];
        }
        commonPrefixes(history, n);
        for (int i = 1; i < n; i++) {
            int length = Math.min(common[i], most);
            int follower = history.get(history.size() - i);
            if (length >= dry.allowedLength()) {
                longest[follower] = Math.max(longest[follower], length);
            }
        }
        for (int i = 1; i < n; i++) {
            int follower = history.get(history.size() - i);
            int index = candidates.indexOf(follower);
            if (longest[follower] > 0 && index >= 0 && !breakers.isWhole(follower)) {
                candidates.logit(index,
                        candidates.logit(index) - penalty(dry, longest[follower]));
            }
            longest[follower] = 0;
        }
    }

    private static float penalty(Dry dry, int length) {
        int exponent = length - dry.allowedLength();
        if (dry.base() > 1) {
            exponent = (int) Math.min(exponent, LN_FLOAT_MAX / Math.log(dry.base()));
        }
        return (float) (dry.multiplier() * Math.pow(dry.base(), exponent));
    }

    /// The Z algorithm (Gusfield, Algorithms on Strings, 1.4) on the reversed history.
    private void commonPrefixes(TokenHistory history, int n) {
        int newest = history.size() - 1;
        int left = 0;
        int right = 0;
        for (int i = 1; i < n; i++) {
            int length = i < right ? Math.min(right - i, common[i - left]) : 0;
            while (i + length < n
                    && history.get(newest - length) == history.get(newest - i - length)) {
                length++;
            }
            common[i] = length;
            if (i + length > right) {
                left = i;
                right = i + length;
            }
        }
    }
}
