package dev.sluice.bridge.mcp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes the JSON schema of a tool's arguments. One thread.
final class ToolSchema {
    private final Map<String, Object> properties = new LinkedHashMap<>();
    private final List<String> required = new ArrayList<>();

    /// The fields of every tool that asks a model.
    static ToolSchema ofModel() {
        return new ToolSchema().optional("model", "string",
                "Name of a model from list_models; without it, the first one.");
    }

    /// The fields of how an answer is drawn.
    ToolSchema sampling() {
        return optional("max_tokens", "integer", "Most tokens of an answer.")
                .optional("temperature", "number", "0 to 2; 0 always takes the likeliest token.")
                .optional("top_p", "number", "Share of the probability that is kept.")
                .optional("seed", "integer", "Makes the answer repeatable.")
                .with("stop", Map.of("type", "array", "items", Map.of("type", "string"),
                        "description", "Texts that end the answer."));
    }

    ToolSchema optional(String name, String type, String description) {
        return with(name, Map.of("type", type, "description", description));
    }

    ToolSchema required(String name, String type, String description) {
        required.add(name);
        return optional(name, type, description);
    }

    ToolSchema with(String name, Map<String, Object> schema) {
        properties.put(name, schema);
        return this;
    }

    ToolSchema requiredTexts(String name, String description) {
        required.add(name);
        return with(name, Map.of("type", "array", "items", Map.of("type", "string"),
                "minItems", 1, "description", description));
    }

    ToolSchema messages() {
        return with("messages", Map.of("type", "array", "description",
                "A conversation; instead of prompt.", "items", Map.of("type", "object",
                        "properties", Map.of("role", Map.of("enum",
                                List.of("system", "user", "assistant")),
                                "content", Map.of("type", "string")),
                        "required", List.of("role", "content"))))
                .optional("prompt", "string", "One user message.")
                .optional("system", "string", "Instructions before the conversation.");
    }

    Map<String, Object> build() {
        return Map.of("type", "object", "properties", properties, "required", required,
                "additionalProperties", false);
    }
}
