package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.List;

/// Log-probabilities of the model's own distribution: z - (max + ln sum e^(z - max)), f32 values
/// and an f64 sum. Buffers for one vocabulary; engine thread only.
public final class Logprobs {
    private final Candidates candidates;
    private final int[] ranked = new int[SamplingParams.MAX_TOP_LOGPROBS];

    public Logprobs(int vocab) {
        candidates = new Candidates(vocab);
    }

    /// The entry of `tokenId` first, then the `top` most likely tokens in descending order, equal
    /// ones by id, from row `row` of `logits` [*, >= vocab]. The token may occur in both parts.
    ///
    /// @param position of the token, for the message when a logit is not a number
    public List<Logprob> of(Matrix logits, int row, int tokenId, int top, int position) {
        candidates.load(logits, row, position);
        float max = candidates.max();
        float logMass = (float) (max + Math.log(candidates.mass(max)));
        int listed = Math.min(top, candidates.count());
        var entries = new ArrayList<Logprob>(1 + listed);
        entries.add(entry(tokenId, logMass));
        candidates.rankTop(listed, ranked);
        for (int i = 0; i < listed; i++) {
            entries.add(entry(ranked[i], logMass));
        }
        return List.copyOf(entries);
    }

    private Logprob entry(int tokenId, float logMass) {
        float z = candidates.logit(tokenId);
        return new Logprob(tokenId,
                z == Float.NEGATIVE_INFINITY ? Logprob.FORBIDDEN : z - logMass);
    }
}
