package dev.sluice.runtime;

/// Natural logarithm of the probability that the model gave a token, before temperature, penalties
/// and truncation; [#FORBIDDEN] where that is negative infinity.
public record Logprob(int tokenId, float value) {
    /// What OpenAI's API reports for a token of no probability.
    public static final float FORBIDDEN = -9999f;
}
