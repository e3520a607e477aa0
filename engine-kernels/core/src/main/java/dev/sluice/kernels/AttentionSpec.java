package dev.sluice.kernels;

/// Shape of one attention layer over paged KV.
///
/// @param heads      query heads; a multiple of the cache's KV heads
/// @param scale      factor on q . k
/// @param softcap    c in c * tanh(s / c), or 0 for none
/// @param window     tokens a row sees, itself included; 0 for all
/// @param sinks      [1, heads] logits that join the softmax denominator only, or zero rows
public record AttentionSpec(int heads, float scale, float softcap, int window, Matrix sinks) {

    /// Length of the key ranges that are reduced one after another, from position 0 on, whatever
    /// the batch: the merge tree, and so every bit of the result, depends on it alone
    /// (batch invariance, as in Thinking Machines' "Defeating Nondeterminism in LLM Inference").
    public static final int SPLIT_POSITIONS = 256;
}
