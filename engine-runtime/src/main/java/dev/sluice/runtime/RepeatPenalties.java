package dev.sluice.runtime;

import dev.sluice.runtime.SamplingParams.Penalties;

/// Repetition, frequency and presence penalty. Counts are taken from the history at each token, so
/// a sequence that is forked or rolled back carries no counters along. Engine thread only.
///
///     z = z > 0 ? z / repetition : z * repetition       (Keskar and others, arXiv 1909.05858, 4.1)
///     z = z - count * frequency - presence
final class RepeatPenalties {
    /// Occurrences by token id; all zero between calls.
    private final int[] counts;

    RepeatPenalties(int vocab) {
        counts = new int[vocab];
    }

    void apply(Penalties penalties, TokenHistory history, Candidates candidates) {
        int from = switch (penalties.scope()) {
            case OUTPUT -> history.promptLength();
            case PROMPT_AND_OUTPUT -> 0;
        };
        if (penalties.lastN() > 0) {
            from = Math.max(from, history.size() - penalties.lastN());
        }
        for (int i = from; i < history.size(); i++) {
            counts[history.get(i)]++;
        }
        for (int i = from; i < history.size(); i++) {
            int tokenId = history.get(i);
            int index = candidates.indexOf(tokenId);
            if (counts[tokenId] > 0 && index >= 0) {
                float z = candidates.logit(index);
                z = z > 0 ? z / penalties.repetition() : z * penalties.repetition();
                z -= counts[tokenId] * penalties.frequency() + penalties.presence();
                candidates.logit(index, z);
            }
            counts[tokenId] = 0;
        }
    }
}
