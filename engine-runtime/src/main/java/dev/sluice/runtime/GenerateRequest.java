package dev.sluice.runtime;

import java.util.List;
import java.util.Set;

/// What to generate. Checks itself.
///
/// @param promptIds   at least one token; not to be changed afterwards by who reads it
/// @param maxTokens   most tokens to generate; the context may end before
/// @param stopIds     tokens that end the generation beside the model's own
/// @param stopStrings texts that end the generation; they are not part of the answer
/// @param choice      which answer to the same prompt and seed this is, from 0
public record GenerateRequest(int[] promptIds, int maxTokens, SamplingParams sampling,
        Set<Integer> stopIds, List<String> stopStrings, int choice) {

    /// Of all stop strings together; the matcher takes a kilobyte for each byte.
    public static final int STOP_CHARS_MAX = 4096;

    public GenerateRequest {
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
        return new GenerateRequest(promptIds, maxTokens, sampling, Set.of(), List.of(), 0);
    }

    /// The same request, asked for another answer: other draws from the same seed.
    public GenerateRequest withChoice(int index) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stopStrings, index);
    }

    public GenerateRequest withStopStrings(List<String> stops) {
        return new GenerateRequest(promptIds, maxTokens, sampling, stopIds, stops, choice);
    }

    public GenerateRequest withStopIds(Set<Integer> ids) {
        return new GenerateRequest(promptIds, maxTokens, sampling, ids, stopStrings, choice);
    }
}
