package dev.sluice.runtime;

import java.util.List;

/// How answers are generated where the caller does not say more.
///
/// ```java
/// var brief = AnswerOptions.defaults().withMaxTokens(50).withSampling(SamplingParams.greedy());
/// String text = sluice.with(brief).chat("Why is the sky blue?").text();
/// ```
///
/// @param maxTokens of one answer; the context may end it before
/// @param hints     for the scheduler
public record AnswerOptions(SamplingParams sampling, int maxTokens, List<String> stopStrings,
        RequestHints hints) {
    public AnswerOptions {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens=" + maxTokens + ", allowed: at least 1");
        }
        stopStrings = List.copyOf(stopStrings);
    }

    /// The model's own distribution, a random seed, as many tokens as the context holds.
    public static AnswerOptions defaults() {
        return new AnswerOptions(SamplingParams.defaults(), Integer.MAX_VALUE, List.of(),
                RequestHints.NONE);
    }

    public AnswerOptions withSampling(SamplingParams params) {
        return new AnswerOptions(params, maxTokens, stopStrings, hints);
    }

    public AnswerOptions withMaxTokens(int tokens) {
        return new AnswerOptions(sampling, tokens, stopStrings, hints);
    }

    public AnswerOptions withStopStrings(List<String> stops) {
        return new AnswerOptions(sampling, maxTokens, stops, hints);
    }

    public AnswerOptions withHints(RequestHints given) {
        return new AnswerOptions(sampling, maxTokens, stopStrings, given);
    }
}
