package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.chat.SamplingFields;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.RequestHints;
import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The body of `/v1/chat/completions`.
///
/// @param stream       whether the answer is sent piece by piece
/// @param includeUsage whether the stream ends with the usage
record ChatBody(ChatRequest request, boolean stream, boolean includeUsage) {
    private static final int CHOICES_MAX = 128;

    /// @param client whose share of the engine it takes
    static ChatBody read(Fields fields, String client) {
        // What changes nothing about the answer, or only where the request is counted.
        fields.ignore("user", "metadata", "service_tier", "safety_identifier",
                "prompt_cache_key", "prompt_cache_retention", "verbosity");
        fields.only("store", false);
        fields.only("modalities", List.of("text"));
        String model = fields.text("model").orElse("");
        boolean stream = fields.flag("stream", false);
        boolean includeUsage = fields.object("stream_options").map(options -> {
            boolean usage = options.flag("include_usage", false);
            options.ignore("include_obfuscation");
            options.end();
            return usage;
        }).orElse(false);
        ToolFields tools = ToolFields.read(fields);
        var settings = new ChatRequest.Settings(sampling(fields), maxTokens(fields),
                stops(fields), fields.integer("n", 1, CHOICES_MAX).orElse(1),
                hints(fields, client), fields.text("cache_salt").orElse(""),
                rule(fields, tools));
        var request = new ChatRequest(model, messages(fields), tools.shown(), variables(fields),
                "", settings);
        fields.end();
        return new ChatBody(request, stream, includeUsage);
    }

    private static SamplingParams sampling(Fields fields) {
        SamplingParams params = SamplingFields.read(fields);
        boolean logprobs = fields.flag("logprobs", false);
        int top = fields.integer("top_logprobs", 0, SamplingParams.MAX_TOP_LOGPROBS).orElse(0);
        if (top > 0 && !logprobs) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
        }
        return logprobs ? params.withLogprobs(top) : params;
    }

    private static int maxTokens(Fields fields) {
        int older = fields.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(Integer.MAX_VALUE);
        return fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE).orElse(older);
    }

    private static List<String> stops(Fields fields) {
        List<String> stops = fields.texts("stop");
        if (stops.contains("") || stops.size() > 16) {
            throw ApiException.invalid("stop", "stop: at most 16 texts, none of them empty");
        }
        return stops;
    }

    private static RequestHints hints(Fields fields, String client) {
        RequestHints hints = RequestHints.NONE.withClient(client)
                .withLane(fields.integer("priority", 0, RequestHints.LANES - 1).orElse(0));
        return fields.text("program_id").map(hints::withProgram).orElse(hints);
    }

    private static Map<String, Object> variables(Fields fields) {
        var variables = new HashMap<String, Object>();
        fields.object("chat_template_kwargs").ifPresent(object -> {
            for (String reserved : List.of("messages", "tools", "bos_token", "eos_token")) {
                if (object.has(reserved)) {
                    throw ApiException.invalid(object.path(reserved),
                            object.path(reserved) + " can not be set");
                }
            }
            variables.putAll(object.values());
        });
        fields.text("reasoning_effort").ifPresent(effort -> {
            variables.put("reasoning_effort", effort);
            variables.putIfAbsent("enable_thinking", !effort.equals("none"));
        });
        return variables;
    }

    private static OutputRule rule(Fields fields, ToolFields tools) {
        OutputRule rule = fields.object("response_format").map(ChatBody::format)
                .orElse(new OutputRule.Free());
        if (tools.forced().isEmpty()) {
            return rule;
        }
        if (!(rule instanceof OutputRule.Free)) {
            throw ApiException.invalid("response_format",
                    "response_format and a tool_choice that forces a call exclude each other");
        }
        return new OutputRule.Calls(tools.forced(), tools.parallel());
    }

    private static OutputRule format(Fields format) {
        OutputRule rule = switch (format.requiredText("type")) {
            case "text" -> new OutputRule.Free();
            case "json_object" -> new OutputRule.JsonObject();
            case "json_schema" -> {
                Fields schema = format.object("json_schema").orElseThrow(
                        () -> format.missing("json_schema"));
                schema.ignore("name", "description", "strict");
                Object document = schema.any("schema").orElse(Map.of("type", "object"));
                schema.end();
                yield new OutputRule.Schema(document);
            }
            default -> throw format.wrong("type", "text, json_object or json_schema",
                    format.requiredText("type"));
        };
        format.end();
        return rule;
    }

    // ---- messages ----------------------------------------------------------------------------

    private static List<Map<String, Object>> messages(Fields fields) {
        List<Fields> given = fields.objects("messages");
        if (given.isEmpty()) {
            throw ApiException.invalid("messages", "messages must have at least one message");
        }
        var messages = new ArrayList<Map<String, Object>>();
        for (Fields message : given) {
            messages.add(message(message));
        }
        return messages;
    }

    private static Map<String, Object> message(Fields fields) {
        String role = fields.requiredText("role");
        var message = new LinkedHashMap<String, Object>();
        switch (role) {
            case "system", "user" -> message.put("role", role);
            case "developer" -> message.put("role", "system");
            case "tool" -> {
                message.put("role", role);
                message.put("tool_call_id", fields.requiredText("tool_call_id"));
            }
            case "assistant" -> {
                message.put("role", role);
                List<Fields> calls = fields.objects("tool_calls");
                if (!calls.isEmpty()) {
                    message.put("tool_calls", calls(calls));
                }
                fields.text("reasoning_content").ifPresent(
                        text -> message.put("reasoning_content", text));
                fields.ignore("refusal", "audio", "annotations", "function_call");
            }
            default -> throw ApiException.invalid(fields.path("role"),
                    "%s: '%s' is none of system, developer, user, assistant, tool"
                    .formatted(fields.path("role"), role));
        }
        message.put("content", content(fields));
        fields.text("name").ifPresent(name -> message.put("name", name));
        fields.end();
        return message;
    }

    private static List<Map<String, Object>> calls(List<Fields> given) {
        var calls = new ArrayList<Map<String, Object>>();
        for (Fields call : given) {
            call.only("type", "function");
            Fields function = call.object("function").orElseThrow(() -> call.missing("function"));
            calls.add(Map.of("id", call.requiredText("id"), "type", "function", "function",
                    Map.of("name", function.requiredText("name"),
                            "arguments", function.text("arguments").orElse("{}"))));
            call.ignore("index");
            call.end();
        }
        return calls;
    }

    /// Text, or parts of text joined.
    private static String content(Fields fields) {
        Object content = fields.any("content").orElse("");
        if (content instanceof String text) {
            return text;
        }
        var joined = new StringBuilder();
        for (Fields part : fields.objects("content")) {
            String type = part.requiredText("type");
            if (!type.equals("text") && !type.equals("refusal")) {
                throw ApiException.invalid(part.path("type"), "%s: %s is not supported, only text"
                        .formatted(part.path("type"), Json.write(type)));
            }
            joined.append(part.requiredText(type));
            part.end();
        }
        return joined.toString();
    }
}
