package dev.sluice.bridge.responses;

import dev.sluice.bridge.openai.Identifiers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The items that conversations are made of, in the one form in which they are kept and shown:
/// `message`, `reasoning`, `function_call` and `function_call_output`.
final class Items {
    private Items() { }

    /// @param content parts, as [#inputText] and [#outputText] make them
    static Map<String, Object> message(
            String id, String role, String status, List<Map<String, Object>> content) {
        Map<String, Object> item = item("message", id.isEmpty() ? Identifiers.next("msg") : id,
                status);
        item.put("role", role);
        item.put("content", content);
        return item;
    }

    static Map<String, Object> inputText(String text) {
        var part = new LinkedHashMap<String, Object>();
        part.put("type", "input_text");
        part.put("text", text);
        return part;
    }

    static Map<String, Object> outputText(String text, List<Object> logprobs) {
        var part = new LinkedHashMap<String, Object>();
        part.put("type", "output_text");
        part.put("text", text);
        part.put("annotations", List.of());
        part.put("logprobs", List.copyOf(logprobs));
        return part;
    }

    static Map<String, Object> refusal(String text) {
        var part = new LinkedHashMap<String, Object>();
        part.put("type", "refusal");
        part.put("refusal", text);
        return part;
    }

    static Map<String, Object> call(
            String id, String status, String callId, String name, String arguments) {
        Map<String, Object> item = item("function_call",
                id.isEmpty() ? Identifiers.next("fc") : id, status);
        item.put("call_id", callId);
        item.put("name", name);
        item.put("arguments", arguments);
        return item;
    }

    /// @param output a text, or a list of parts
    static Map<String, Object> callOutput(String id, String callId, Object output) {
        Map<String, Object> item = item("function_call_output",
                id.isEmpty() ? Identifiers.next("fco") : id, "completed");
        item.put("call_id", callId);
        item.put("output", output);
        return item;
    }

    /// Thinking, as the model wrote it: there is no summary of it.
    ///
    /// @param texts none while it has not begun
    static Map<String, Object> reasoning(String id, String status, List<String> texts) {
        Map<String, Object> item = item("reasoning", id.isEmpty() ? Identifiers.next("rs") : id,
                status);
        item.put("summary", List.of());
        var content = new ArrayList<Object>();
        for (String text : texts) {
            content.add(reasoningText(text));
        }
        item.put("content", content);
        return item;
    }

    static Map<String, Object> reasoningText(String text) {
        var part = new LinkedHashMap<String, Object>();
        part.put("type", "reasoning_text");
        part.put("text", text);
        return part;
    }

    private static Map<String, Object> item(String type, String id, String status) {
        var item = new LinkedHashMap<String, Object>();
        item.put("id", id);
        item.put("type", type);
        item.put("status", status);
        return item;
    }
}
