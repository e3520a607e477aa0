package dev.sluice.bridge.mcp;

import java.util.Map;

/// A tool as MCP hosts see it. Any thread.
///
/// @param schema of its arguments
/// @param work   makes the answer
record ModelTool(String name, String title, String description, Map<String, Object> schema,
        Work work) {

    /// Answers one call: a JSON object.
    interface Work {
        /// @throws dev.sluice.bridge.api.ApiException if it can not be done
        Map<String, Object> run(ToolCall call);
    }
}
