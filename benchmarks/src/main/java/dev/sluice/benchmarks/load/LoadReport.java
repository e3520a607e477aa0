package dev.sluice.benchmarks.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a run showed. Immutable.
///
/// @param seconds from the first planned arrival to the last answer
/// @param goals   a request is good if it keeps both
record LoadReport(List<Measured> requests, double seconds, Goals goals) {
    /// @param firstMillis    most time to the first piece
    /// @param perTokenMillis most mean time per token after it
    record Goals(double firstMillis, double perTokenMillis) {
        boolean met(Measured request) {
            return request.whole() && request.firstNanos() <= firstMillis * MILLI
                    && request.perTokenNanos() <= perTokenMillis * MILLI;
        }
    }

    private static final double MILLI = 1e6;

    static LoadReport of(List<Measured> requests, Goals goals) {
        long begin = Long.MAX_VALUE;
        long end = Long.MIN_VALUE;
        for (Measured request : requests) {
            begin = Math.min(begin, request.plannedNanos());
            end = Math.max(end, request.endNanos());
        }
        return new LoadReport(List.copyOf(requests),
                requests.isEmpty() ? 0 : (end - begin) / 1e9, goals);
    }

    private List<Measured> whole() {
        return requests.stream().filter(Measured::whole).toList();
    }

    Percentiles first() {
        return Percentiles.ofMillis(whole().stream()
                .mapToDouble(each -> each.firstNanos() / MILLI).toArray());
    }

    Percentiles endToEnd() {
        return Percentiles.ofMillis(whole().stream()
                .mapToDouble(each -> each.endToEndNanos() / MILLI).toArray());
    }

    Percentiles perToken() {
        return Percentiles.ofMillis(whole().stream()
                .mapToDouble(each -> each.perTokenNanos() / MILLI).toArray());
    }

    /// Between two pieces of one answer, over all answers.
    Percentiles gaps() {
        var gaps = new ArrayList<Double>();
        for (Measured request : whole()) {
            for (int i = 1; i < request.chunkNanos().length; i++) {
                gaps.add((request.chunkNanos()[i] - request.chunkNanos()[i - 1]) / MILLI);
            }
        }
        return Percentiles.ofMillis(gaps.stream().mapToDouble(gap -> gap).toArray());
    }

    long tokens() {
        return whole().stream().mapToLong(Measured::tokens).sum();
    }

    double tokensPerSecond() { return seconds > 0 ? tokens() / seconds : 0; }

    long promptTokens() { return whole().stream().mapToLong(Measured::promptTokens).sum(); }

    long cachedTokens() { return whole().stream().mapToLong(Measured::cachedTokens).sum(); }

    long good() { return requests.stream().filter(goals::met).count(); }

    /// Requests per second that kept the goals.
    double goodput() { return seconds > 0 ? good() / seconds : 0; }

    Map<String, Integer> errors() {
        var errors = new TreeMap<String, Integer>();
        for (Measured request : requests) {
            if (!request.whole()) {
                errors.merge(request.error(), 1, Integer::sum);
            }
        }
        return errors;
    }

    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("requests", (long) requests.size());
        json.put("seconds", seconds);
        json.put("ttft_ms", first().json());
        json.put("itl_ms", gaps().json());
        json.put("per_token_ms", perToken().json());
        json.put("e2e_ms", endToEnd().json());
        json.put("tokens_per_second", tokensPerSecond());
        json.put("prompt_tokens", promptTokens());
        json.put("cached_tokens", cachedTokens());
        json.put("goals", Map.of("ttft_ms", goals.firstMillis(), "per_token_ms",
                goals.perTokenMillis()));
        json.put("good", good());
        json.put("goodput_per_second", goodput());
        json.put("errors", errors());
        return json;
    }

    @Override
    public String toString() {
        return """
                %d requests in %.1f s, %.1f tokens/s; prompts %,d tokens, %,d of them cached
                first token  %s
                between two  %s
                per token    %s
                whole        %s
                good %d of %d (first token within %.0f ms, then %.0f ms a token): %.3f/s
                errors %s""".formatted(requests.size(), seconds, tokensPerSecond(),
                promptTokens(), cachedTokens(), first(), gaps(), perToken(), endToEnd(), good(),
                requests.size(), goals.firstMillis(), goals.perTokenMillis(), goodput(),
                errors().isEmpty() ? "none" : errors());
    }
}
