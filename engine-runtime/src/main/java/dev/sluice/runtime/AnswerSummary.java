package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// What several answers to one prompt say about the model's opinion (Stochastic CHAOS: a single
/// greedy answer is not a measurement). Immutable.
///
/// ```java
/// AnswerSummary summary = AnswerSummary.of(completions, String::strip);
/// if (summary.entropy() > 1) { } // the model does not know
/// ```
///
/// @param counts           answers with how often they came, the most frequent first, equal ones
///                         by their first occurrence
/// @param entropy          of the shares, in bits: 0 when all agree, log2 n when none do
/// @param disagreement     chance that two of the answers, drawn without replacement, differ
/// @param leastMeanLogprob of the answer that the model finds least likely: the tail
/// @param longestTokens    tokens of the longest answer
public record AnswerSummary(Map<String, Integer> counts, double entropy, double disagreement,
        double leastMeanLogprob, int longestTokens) {

    static AnswerSummary of(List<Completion> completions, UnaryOperator<String> form) {
        var found = new LinkedHashMap<String, Integer>();
        double least = Double.POSITIVE_INFINITY;
        int longest = 0;
        for (Completion one : completions) {
            found.merge(form.apply(one.text()), 1, Integer::sum);
            least = Math.min(least, one.meanLogprob());
            longest = Math.max(longest, one.tokens());
        }
        var order = new ArrayList<>(found.entrySet());
        order.sort((a, b) -> b.getValue() - a.getValue());
        var counts = new LinkedHashMap<String, Integer>();
        double n = completions.size();
        double entropy = 0;
        double pairs = 0;
        for (Map.Entry<String, Integer> entry : order) {
            int count = entry.getValue();
            counts.put(entry.getKey(), count);
            entropy -= count / n * Math.log(count / n) / Math.log(2);
            pairs += count * (count - 1.0);
        }
        double disagreement = n > 1 ? 1 - pairs / (n * (n - 1)) : 0;
        return new AnswerSummary(java.util.Collections.unmodifiableMap(counts),
                Math.max(0, entropy), disagreement, least, longest);
    }

    /// The answer that came most often.
    public String mostFrequent() { return counts.keySet().iterator().next(); }

    /// Share of the most frequent answer.
    public double agreement() {
        int all = 0;
        for (int count : counts.values()) {
            all += count;
        }
        return (double) counts.values().iterator().next() / all;
    }
}
