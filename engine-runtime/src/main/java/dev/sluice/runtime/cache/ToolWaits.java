package dev.sluice.runtime.cache;

import java.util.LinkedHashMap;
import java.util.Map;

/// How long tools keep their sessions waiting: a moving average per tool, of the tools used last.
/// Engine thread only.
final class ToolWaits {
    private static final int TOOLS_MAX = 1024;
    /// Follows a change of a tool's habits within a few calls.
    private static final double WEIGHT = 0.25;
    /// Before any tool was seen: a web request.
    private static final double FIRST_NANOS = 1e9;

    /// In the order of use.
    private final Map<String, Double> means = new LinkedHashMap<>(16, 0.75f, true);
    private double anyTool = FIRST_NANOS;

    void learn(String tool, long nanos) {
        anyTool += WEIGHT * (nanos - anyTool);
        if (!tool.isEmpty()) {
            double old = means.getOrDefault(tool, (double) nanos);
            means.put(tool, old + WEIGHT * (nanos - old));
            if (means.size() > TOOLS_MAX) {
                means.remove(means.keySet().iterator().next());
            }
        }
    }

    /// What the hint says, or else experience with the tool, or else with all tools.
    double expectedNanos(ParkHint hint) {
        return hint.expectedNanos() > 0 ? hint.expectedNanos()
                : means.getOrDefault(hint.tool(), anyTool);
    }
}
