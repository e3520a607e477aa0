package dev.sluice.runtime;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/// What to generate. Immutable; checks itself.
///
/// ```java
/// var request = GenerateRequest.of(promptIds, 200, SamplingParams.greedy())
///         .withStopStrings(List.of("\n\n")).withHints(RequestHints.NONE.withClient("alice"));
/// ```
///
/// @param promptIds   at least one token; not to be changed afterwards by who reads it
/// @param maxTokens   most tokens to generate; the context may end before
/// @param stopIds     tokens that end the generation beside the model's own
/// @param stopStrings texts that end the generation; they are not part of the answer
/// @param choice      which answer to the same prompt and seed this is, from 0
/// @param hints       for the scheduler
/// @param cacheSalt   requests share computed prefixes only with those of the same salt, so that
///                    nobody can find out by timing what others have asked; empty is a salt too
/// @param constraint  makes what the answer has to obey, once per choice, on the engine's thread
/// @param speculation whether the next tokens are guessed
public record GenerateRequest(int[] promptIds, int maxTokens, SamplingParams sampling,
        Set<Integer> stopIds, List<String> stopStrings, int choice, RequestHints hints,
        String cacheSalt, Supplier<? extends TokenConstraint> constraint,
        Speculation speculation) {

    /// Of all stop strings together; the matcher takes a kilobyte for each byte.
    public static final int STOP_CHARS_MAX = 4096;

    private static final Supplier<TokenConstraint> UNCONSTRAINED = () -> TokenConstraint.FREE;

    public GenerateRequest {
        Objects.requireNonNull(sampling);
        Objects.requireNonNull(hints);
        Objects.requireNonNull(cacheSalt);
        Objects.requireNonNull(constraint);
        Objects.requireNonNull(speculation);
        if (promptIds.length == 0) {
            throw new IllegalArgumentException("promptIds is empty, allowed: at least one token");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens=" + maxTokens + ", allowed: at least 1");
        }
        if (choice < 0) {
            throw new IllegalArgumentException("choice=" + choice + ", allowed: at least 0");
        }
        promptIds = promptIds.clone();
        stopIds = Set.copyOf(stopIds);
        stopStrings = List.copyOf(stopStrings);
        int length = 0;
        for (String stop : stopStrings) {
            length += stop.length();
        }
        if (stopStrings.contains("") || length > STOP_CHARS_MAX) {
            throw new IllegalArgumentException("stopStrings has %d characters, allowed: at most %d"
                    .formatted(length, STOP_CHARS_MAX) + ", and no empty text");
        }
    }

    public static GenerateRequest of(int[] promptIds, int maxTokens, SamplingParams sampling) {
        return new GenerateRequest(promptIds, maxTokens, sampling, Set.of(), List.of(), 0,
                RequestHints.NONE, "", UNCONSTRAINED, Speculation.OFF);
    }

    /// The same request, asked for another answer: other draws from the same seed.
    public GenerateRequest withChoice(int index) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, index,
                hints, cacheSalt, constraint, speculation);
    }

    public GenerateRequest withSampling(SamplingParams params) {
        return new GenerateRequest(promptIds, maxTokens, params, stopIds, stopStrings, choice,
                hints, cacheSalt, constraint, speculation);
    }

    public GenerateRequest withStopStrings(List<String> stops) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stops, choice,
                hints, cacheSalt, constraint, speculation);
    }

    public GenerateRequest withStopIds(Set<Integer> ids) {
        return new GenerateRequest(promptIds, maxTokens, sampling, ids, stopStrings, choice,
                hints, cacheSalt, constraint, speculation);
    }

    public GenerateRequest withHints(RequestHints given) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, choice,
                given, cacheSalt, constraint, speculation);
    }

    public GenerateRequest withCacheSalt(String salt) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, choice,
                hints, salt, constraint, speculation);
    }

    public GenerateRequest withConstraint(Supplier<? extends TokenConstraint> made) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, choice,
                hints, cacheSalt, made, speculation);
    }

    public GenerateRequest withSpeculation(Speculation guessed) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, choice,
                hints, cacheSalt, constraint, guessed);
    }
}
