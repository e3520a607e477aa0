package dev.sluice.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// LangChain4j's requests in the fields of `/v1/chat/completions`.
final class Requests {
    private Requests() { }

    /// @param extra fields besides; what the request itself says goes before them
    /// @throws UnsupportedFeatureException for what is not text
    static Map<String, Object> body(ChatRequest request, Map<String, Object> extra) {
        var body = new HashMap<String, Object>(extra);
        put(body, "model", request.modelName());
        put(body, "temperature", request.temperature());
        put(body, "top_p", request.topP());
        put(body, "top_k", request.topK());
        put(body, "frequency_penalty", request.frequencyPenalty());
        put(body, "presence_penalty", request.presencePenalty());
        put(body, "max_completion_tokens", request.maxOutputTokens());
        if (request.stopSequences() != null && !request.stopSequences().isEmpty()) {
            body.put("stop", request.stopSequences());
        }
        var messages = new ArrayList<Object>();
        for (ChatMessage message : request.messages()) {
            messages.add(message(message));
        }
        body.put("messages", messages);
        putTools(body, request);
        if (request.responseFormat() != null) {
            body.put("response_format", format(request.responseFormat()));
        }
        return body;
    }

    private static void putTools(Map<String, Object> body, ChatRequest request) {
        List<ToolSpecification> tools = request.toolSpecifications();
        if (tools != null && !tools.isEmpty()) {
            body.put("tools", tools.stream().map(Requests::tool).toList());
        }
        if (request.toolChoice() != null) {
            body.put("tool_choice", request.toolChoice().name().toLowerCase(Locale.ROOT));
        }
    }

    private static void put(Map<String, Object> map, String key, Object value) {
        if (value != null) {
            map.put(key, value);
        }
    }

    private static Map<String, Object> tool(ToolSpecification tool) {
        var function = new LinkedHashMap<String, Object>();
        function.put("name", tool.name());
        put(function, "description", tool.description());
        function.put("parameters", JsonSchemaElementUtils.toMap(
                Optional.ofNullable(tool.parameters())
                        .orElseGet(() -> JsonObjectSchema.builder().build())));
        put(function, "strict", tool.strict());
        return Map.of("type", "function", "function", function);
    }

    private static Map<String, Object> format(ResponseFormat format) {
        return switch (format.type()) {
            case TEXT -> Map.of("type", "text");
            case JSON -> format.jsonSchema() == null ? Map.of("type", "json_object")
                    : Map.of("type", "json_schema", "json_schema", Map.of(
                            "name", Optional.ofNullable(format.jsonSchema().name())
                                    .orElse("answer"),
                            "schema", closed(JsonSchemaElementUtils.toMap(
                                    format.jsonSchema().rootElement()))));
        };
    }

    /// The schema with no other properties than those it names, where it does not say whether
    /// there may be. LangChain4j makes schemas of classes, which have no place for others; JSON
    /// Schema would allow them, and a model that is free to invent properties may never end.
    private static Object closed(Object schema) {
        return switch (schema) {
            case Map<?, ?> map -> {
                var copy = new LinkedHashMap<Object, Object>();
                map.forEach((key, value) -> copy.put(key, closed(value)));
                if ("object".equals(map.get("type"))
                        && map.get("properties") instanceof Map<?, ?> named && !named.isEmpty()) {
                    copy.putIfAbsent("additionalProperties", false);
                }
                yield copy;
            }
            case List<?> list -> list.stream().map(Requests::closed).toList();
            default -> schema;
        };
    }

    // ---- messages ----------------------------------------------------------------------------

    private static Map<String, Object> message(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> Map.of("role", "system", "content", system.text());
            case UserMessage user -> {
                var map = new LinkedHashMap<String, Object>();
                map.put("role", "user");
                map.put("content", parts(user.contents()));
                put(map, "name", user.name());
                yield map;
            }
            case AiMessage ai -> ai(ai);
            case ToolExecutionResultMessage result -> {
                var map = new LinkedHashMap<String, Object>();
                map.put("role", "tool");
                put(map, "tool_call_id", result.id());
                put(map, "name", result.toolName());
                map.put("content", parts(result.contents()));
                yield map;
            }
            default -> throw new UnsupportedFeatureException(
                    "messages of the type " + message.type() + " are not supported");
        };
    }

    private static Map<String, Object> ai(AiMessage message) {
        var map = new LinkedHashMap<String, Object>();
        map.put("role", "assistant");
        put(map, "content", message.text());
        put(map, "reasoning_content", message.thinking());
        if (message.hasToolExecutionRequests()) {
            map.put("tool_calls", message.toolExecutionRequests().stream()
                    .map(Requests::call).toList());
        }
        return map;
    }

    private static Map<String, Object> call(ToolExecutionRequest call) {
        var map = new LinkedHashMap<String, Object>();
        put(map, "id", call.id());
        map.put("type", "function");
        var function = new LinkedHashMap<String, Object>();
        function.put("name", call.name());
        put(function, "arguments", call.arguments());
        map.put("function", function);
        return map;
    }

    private static List<Object> parts(List<Content> contents) {
        var parts = new ArrayList<Object>();
        for (Content content : contents) {
            if (!(content instanceof TextContent text)) {
                throw new UnsupportedFeatureException("content of the type " + content.type()
                        + " is not supported, only TEXT");
            }
            parts.add(Map.of("type", "text", "text", text.text()));
        }
        return parts;
    }
}
