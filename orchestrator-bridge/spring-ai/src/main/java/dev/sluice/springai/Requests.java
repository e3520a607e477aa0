package dev.sluice.springai;

import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.models.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;

/// Spring AI's prompts in the fields of `/v1/chat/completions`.
final class Requests {
    private Requests() { }

    /// @throws InProcessException for what is not text, and for schemas that are not JSON
    static Map<String, Object> body(Prompt prompt, SluiceChatOptions options) {
        var body = new HashMap<String, Object>(options.fields());
        put(body, "model", options.getModel());
        put(body, "temperature", options.getTemperature());
        put(body, "top_p", options.getTopP());
        put(body, "top_k", options.getTopK());
        put(body, "frequency_penalty", options.getFrequencyPenalty());
        put(body, "presence_penalty", options.getPresencePenalty());
        put(body, "max_completion_tokens", options.getMaxTokens());
        put(body, "stop", options.getStopSequences());
        var messages = new ArrayList<Object>();
        for (Message message : prompt.getInstructions()) {
            add(messages, message);
        }
        body.put("messages", messages);
        List<ToolCallback> callbacks = options.getToolCallbacks();
        if (callbacks != null && !callbacks.isEmpty()) {
            body.put("tools", callbacks.stream()
                    .map(callback -> tool(callback.getToolDefinition())).toList());
        }
        if (options.getOutputSchema() != null) {
            body.put("response_format", Map.of("type", "json_schema", "json_schema",
                    Map.of("name", "answer", "schema",
                            json("outputSchema", options.getOutputSchema()))));
        }
        return body;
    }

    private static void put(Map<String, Object> map, String key, Object value) {
        if (value != null) {
            map.put(key, value);
        }
    }

    private static Map<String, Object> tool(ToolDefinition tool) {
        return Map.of("type", "function", "function", Map.of("name", tool.name(),
                "description", tool.description(), "parameters",
                json("the input schema of " + tool.name(), tool.inputSchema())));
    }

    private static Object json(String field, String text) {
        try {
            return Json.parse(text);
        } catch (Json.MalformedJsonException e) {
            throw InProcessException.invalid(field, field + ": " + e.getMessage());
        }
    }

    // ---- messages ----------------------------------------------------------------------------

    private static void add(List<Object> messages, Message message) {
        switch (message) {
            case SystemMessage system ->
                    messages.add(Map.of("role", "system", "content", system.getText()));
            case UserMessage user -> {
                requireText(user.getMedia());
                messages.add(Map.of("role", "user", "content", user.getText()));
            }
            case AssistantMessage assistant -> messages.add(assistant(assistant));
            case ToolResponseMessage results -> {
                for (ToolResponseMessage.ToolResponse result : results.getResponses()) {
                    messages.add(Map.of("role", "tool", "tool_call_id", result.id(),
                            "name", result.name(), "content", result.responseData()));
                }
            }
            default -> throw InProcessException.invalid("messages",
                    "messages of the type " + message.getMessageType() + " are not supported");
        }
    }

    private static Map<String, Object> assistant(AssistantMessage message) {
        requireText(message.getMedia());
        var map = new LinkedHashMap<String, Object>();
        map.put("role", "assistant");
        put(map, "content", message.getText());
        if (message.getMetadata().get(Replies.REASONING) instanceof String thought
                && !thought.isEmpty()) {
            map.put("reasoning_content", thought);
        }
        if (message.hasToolCalls()) {
            var calls = new ArrayList<Object>();
            for (AssistantMessage.ToolCall call : message.getToolCalls()) {
                calls.add(Map.of("id", call.id(), "type", "function", "function",
                        Map.of("name", call.name(), "arguments", call.arguments())));
            }
            map.put("tool_calls", calls);
        }
        return map;
    }

    private static void requireText(List<Media> media) {
        if (!media.isEmpty()) {
            throw InProcessException.invalid("messages", "messages: media of the type "
                    + media.getFirst().getMimeType() + " is not supported, only text");
        }
    }
}
