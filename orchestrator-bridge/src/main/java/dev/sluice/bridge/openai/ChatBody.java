package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.Functions;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.chat.SamplingFields;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The body of `/v1/chat/completions`.
///
/// @param stream       whether the answer is sent piece by piece
/// @param includeUsage whether the stream ends with the usage
record ChatBody(ChatRequest request, boolean stream, boolean includeUsage) {
    private static final int CHOICES_MAX = 128;

    /// @param client whose share of the engine it takes
    static ChatBody read(Fields fields, String client) {
        CommonFields.harmless(fields);
        fields.only("verbosity", "medium");
        fields.only("store", false);
        fields.only("modalities", List.of("text"));
        String model = fields.text("model").orElse("");
        boolean stream = fields.flag("stream", false);
        boolean includeUsage = CommonFields.includeUsage(fields);
        ToolFields tools = ToolFields.read(fields, ToolFields.Shape.NESTED);
        OutputRule form = fields.object("response_format")
                .map(format -> CommonFields.format(format, ToolFields.Shape.NESTED))
                .orElse(new OutputRule.Free());
        var settings = new ChatRequest.Settings(sampling(fields), maxTokens(fields),
                CommonFields.stops(fields), fields.integer("n", 1, CHOICES_MAX).orElse(1),
                CommonFields.hints(fields, client), fields.text("cache_salt").orElse(""),
                CommonFields.rule(form, tools));
        var request = new ChatRequest(model, messages(fields), tools.shown(),
                CommonFields.variables(fields, fields, "reasoning_effort"), "", settings);
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
                reasoning(fields).ifPresent(text -> message.put("reasoning_content", text));
                fields.ignore("annotations");
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

    /// Past thinking, under the name that vLLM gave it or the one that it has there now.
    private static Optional<String> reasoning(Fields fields) {
        Optional<String> newer = fields.text("reasoning");
        return fields.text("reasoning_content").or(() -> newer);
    }

    private static List<Map<String, Object>> calls(List<Fields> given) {
        var calls = new ArrayList<Map<String, Object>>();
        for (Fields call : given) {
            call.only("type", "function");
            Fields function = call.object("function").orElseThrow(() -> call.missing("function"));
            calls.add(Functions.call(call.requiredText("id"), function.requiredText("name"),
                    function.text("arguments").orElse("{}")));
            call.ignore("index");
            call.end();
        }
        return calls;
    }

    /// Text, or parts of text joined. A refusal is what was said instead of it.
    private static String content(Fields fields) {
        Optional<String> refusal = fields.requiredText("role").equals("assistant")
                ? fields.text("refusal") : Optional.empty();
        Object content = fields.any("content").orElse(refusal.orElse(""));
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
