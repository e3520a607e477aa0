package dev.sluice.runtime;

import java.util.List;

/// How answers are generated where the caller does not say more.
///
/// @param maxTokens of one answer; the context may end it before
public record AnswerOptions(SamplingParams sampling, int maxTokens, List<String> stopStrings) {
    public AnswerOptions {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens=" + maxTokens + ", allowed: at least 1");
        }
        stopStrings = List.copyOf(stopStrings);
    }

    /// The model's own distribution, a random seed, as many tokens as the context holds.
    public static AnswerOptions defaults() {
        return new AnswerOptions(SamplingParams.defaults(), Integer.MAX_VALUE, List.of());
    }

    public AnswerOptions withSampling(SamplingParams params) {
        return new AnswerOptions(params, maxTokens, stopStrings);
    }

    public AnswerOptions withMaxTokens(int tokens) {
        return new AnswerOptions(sampling, tokens, stopStrings);
    }

    public AnswerOptions withStopStrings(List<String> stops) {
        return new AnswerOptions(sampling, maxTokens, stops);
    }
}
