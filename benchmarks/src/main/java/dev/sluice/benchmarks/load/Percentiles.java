package dev.sluice.benchmarks.load;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Values in order. The share p is the smallest value that at least this share does not exceed
/// (nearest rank), so it is always a value that was measured.
///
/// @param sorted milliseconds
record Percentiles(double[] sorted) {
    static Percentiles ofMillis(double[] values) {
        double[] copy = values.clone();
        Arrays.sort(copy);
        return new Percentiles(copy);
    }

    /// 0 if there is none.
    double at(double share) {
        int rank = (int) Math.ceil(share * sorted.length);
        return sorted.length == 0 ? 0 : sorted[Math.max(0, rank - 1)];
    }

    double mean() {
        return Arrays.stream(sorted).average().orElse(0);
    }

    Map<String, Object> json() {
        return new TreeMap<>(Map.of("p50", at(0.5), "p90", at(0.9), "p99", at(0.99),
                "mean", mean(), "count", (long) sorted.length));
    }

    @Override
    public String toString() {
        return "p50 %9.1f   p90 %9.1f   p99 %9.1f   mean %9.1f ms".formatted(
                at(0.5), at(0.9), at(0.99), mean());
    }
}
