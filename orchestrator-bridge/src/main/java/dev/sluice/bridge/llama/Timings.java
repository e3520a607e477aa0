package dev.sluice.bridge.llama;

import dev.sluice.runtime.Usage;
import java.util.LinkedHashMap;
import java.util.Map;

/// llama-server's `timings`: how long the prompt and the answer took, and the rates.
///
/// @param cached       tokens of the prompt that were there already
/// @param prompt       tokens of it that were computed
/// @param promptNanos  for these
/// @param predicted    tokens drawn
/// @param decodeNanos  from the first of them to the last
record Timings(int cached, int prompt, long promptNanos, int predicted, long decodeNanos) {
    private static final double NANOS_PER_MILLI = 1e6;

    static Timings of(Usage usage) {
        return new Timings(usage.cachedTokens(), usage.promptTokens() - usage.cachedTokens(),
                usage.prefillNanos(), usage.completionTokens(), usage.decodeNanos());
    }

    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("cache_n", cached);
        json.put("prompt_n", prompt);
        rates(json, "prompt", prompt, promptNanos);
        json.put("predicted_n", predicted);
        rates(json, "predicted", predicted, decodeNanos);
        return json;
    }

    private static void rates(Map<String, Object> json, String name, int tokens, long nanos) {
        double millis = nanos / NANOS_PER_MILLI;
        json.put(name + "_ms", millis);
        json.put(name + "_per_token_ms", tokens > 0 ? millis / tokens : 0.0);
        json.put(name + "_per_second", nanos > 0 ? tokens * 1e9 / nanos : 0.0);
    }
}
