package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.chat.SamplingFields;
import dev.sluice.runtime.RequestHints;
import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// From a tool's arguments to a conversation. All fields are read by the time it returns, so that
/// what is left over is refused.
final class Question {
    private Question() { }

    /// The conversation in `messages`, or of one `prompt`.
    static ChatRequest of(ToolCall call, OutputRule rule) {
        Fields fields = call.arguments();
        var messages = new ArrayList<Map<String, Object>>();
        fields.text("system").ifPresent(text -> messages.add(message("system", text)));
        boolean prompted = fields.has("prompt");
        if (prompted == fields.has("messages")) {
            throw ApiException.invalid("prompt", "either prompt or messages must be given");
        }
        fields.text("prompt").ifPresent(text -> messages.add(message("user", text)));
        for (Fields each : fields.objects("messages")) {
            String role = each.requiredText("role");
            if (!List.of("system", "user", "assistant").contains(role)) {
                throw ApiException.invalid(each.path("role"),
                        each.path("role") + " must be system, user or assistant");
            }
            messages.add(message(role, each.requiredText("content")));
            each.end();
        }
        return of(call, messages, rule, 1);
    }

    /// The conversation of texts that the tool has made.
    static ChatRequest of(ToolCall call, List<Map<String, Object>> messages, OutputRule rule,
            double temperature) {
        Fields fields = call.arguments();
        var request = new ChatRequest(fields.text("model").orElse(""), messages, List.of(),
                Map.of(), "", settings(call, rule, temperature));
        fields.end();
        return request;
    }

    /// @param temperature where none is given
    static ChatRequest.Settings settings(ToolCall call, OutputRule rule, double temperature) {
        Fields fields = call.arguments();
        SamplingParams sampling = SamplingFields.read(fields);
        if (!fields.has("temperature")) {
            sampling = sampling.withTemperature((float) temperature);
        }
        int most = fields.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(Integer.MAX_VALUE);
        return new ChatRequest.Settings(sampling, most, fields.texts("stop"), 1,
                RequestHints.NONE.withClient(call.client()), "", rule);
    }

    static Map<String, Object> message(String role, String text) {
        return Map.of("role", role, "content", text);
    }
}
