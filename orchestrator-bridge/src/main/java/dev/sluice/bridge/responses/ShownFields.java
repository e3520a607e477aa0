package dev.sluice.bridge.responses;

import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a response repeats of its request, with what holds where the request said nothing.
final class ShownFields {
    private ShownFields() { }

    /// @param given the request's fields, checked already
    static Map<String, Object> of(Map<String, Object> given, SamplingParams sampling) {
        var shown = new LinkedHashMap<String, Object>();
        shown.put("background", false);
        shown.put("instructions", given.get("instructions"));
        shown.put("max_output_tokens", given.get("max_output_tokens"));
        shown.put("max_tool_calls", given.get("max_tool_calls"));
        shown.put("metadata", or(given, "metadata", Map.of()));
        shown.put("parallel_tool_calls", or(given, "parallel_tool_calls", true));
        shown.put("previous_response_id", given.get("previous_response_id"));
        shown.put("prompt_cache_key", given.get("prompt_cache_key"));
        shown.put("reasoning", reasoning(given.get("reasoning")));
        shown.put("safety_identifier", given.get("safety_identifier"));
        shown.put("service_tier", "default");
        shown.put("store", or(given, "store", true));
        shown.put("temperature", sampling.temperature());
        shown.put("text", text(given.get("text")));
        shown.put("tool_choice", or(given, "tool_choice", "auto"));
        shown.put("tools", tools(given.get("tools")));
        shown.put("top_logprobs", sampling.topLogprobs());
        shown.put("top_p", sampling.topP());
        shown.put("truncation", "disabled");
        shown.put("user", given.get("user"));
        return shown;
    }

    private static Object or(Map<String, Object> given, String name, Object otherwise) {
        Object value = given.get(name);
        return value == null ? otherwise : value;
    }

    private static Map<String, Object> reasoning(Object given) {
        var shown = new LinkedHashMap<String, Object>();
        shown.put("effort", given instanceof Map<?, ?> map ? map.get("effort") : null);
        shown.put("summary", null);
        return shown;
    }

    private static Map<String, Object> text(Object given) {
        Object format = given instanceof Map<?, ?> map ? map.get("format") : null;
        var shown = new LinkedHashMap<String, Object>();
        shown.put("format", format == null ? Map.of("type", "text") : format);
        shown.put("verbosity", "medium");
        return shown;
    }

    private static List<Object> tools(Object given) {
        var shown = new ArrayList<Object>();
        if (given instanceof List<?> list) {
            for (Object each : list) {
                var tool = new LinkedHashMap<Object, Object>((Map<?, ?>) each);
                tool.putIfAbsent("parameters", null);
                tool.putIfAbsent("strict", false);
                shown.add(tool);
            }
        }
        return shown;
    }
}
