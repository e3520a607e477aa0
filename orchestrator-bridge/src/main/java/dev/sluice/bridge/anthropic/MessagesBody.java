package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.runtime.RequestHints;
import dev.sluice.runtime.SamplingParams;
import java.util.List;
import java.util.Map;

/// The body of `/v1/messages` and of `/v1/messages/count_tokens`. Immutable.
///
/// @param settings without what depends on the model
/// @param marked   whether something has a `cache_control`
record MessagesBody(String model, InputMessages input, ToolChoice tools, Thinking thinking,
        ChatRequest.Settings settings, boolean stream, boolean marked) {

    private static final int STOPS_MAX = 64;

    /// What `output_config` says.
    private record Output(OutputRule rule, String effort) { }

    /// @param client   whose share of the engine it takes
    /// @param counting whether only the prompt's tokens are counted
    static MessagesBody read(Fields fields, String client, boolean counting) {
        String model = fields.requiredText("model");
        // Where and at what price Anthropic computes, and what it shows of its caches.
        fields.ignore("service_tier", "inference_geo", "diagnostics");
        fields.only("speed", "standard");
        fields.object("metadata").ifPresent(metadata -> {
            metadata.text("user_id");
            metadata.end();
        });
        int maxTokens = Integer.MAX_VALUE;
        if (!counting) {
            maxTokens = fields.integer("max_tokens", 1, Integer.MAX_VALUE)
                    .orElseThrow(() -> fields.missing("max_tokens"));
        }
        Output output = output(fields);
        ToolChoice tools = ToolChoice.read(fields);
        Thinking thinking = Thinking.read(fields, maxTokens, output.effort());
        InputMessages input = InputMessages.read(fields);
        boolean stream = fields.flag("stream", false);
        check(tools, thinking, input, output.rule());
        var settings = new ChatRequest.Settings(sampling(fields), maxTokens, stops(fields), 1,
                RequestHints.NONE.withClient(client), "",
                thinking.bounded(tools.rule(output.rule())));
        fields.end();
        return new MessagesBody(model, input, tools, thinking, settings, stream,
                input.marked() || tools.marked());
    }

    private static void check(
            ToolChoice tools, Thinking thinking, InputMessages input, OutputRule rule) {
        if (thinking.enabled() && !tools.forced().isEmpty()) {
            throw ApiException.invalid("tool_choice", "tool_choice: thinking and a tool_choice "
                    + "that forces a call exclude each other");
        }
        if (thinking.enabled() && !input.prefill().isEmpty()) {
            throw ApiException.invalid("messages", "messages: with thinking, the last message must "
                    + "not be the assistant's");
        }
        if (!(rule instanceof OutputRule.Free) && !tools.forced().isEmpty()) {
            throw ApiException.invalid("output_config.format", "output_config.format and a "
                    + "tool_choice that forces a call exclude each other");
        }
        if (!(rule instanceof OutputRule.Free) && !input.prefill().isEmpty()) {
            throw ApiException.invalid("messages", "messages: with output_config.format, the last "
                    + "message must not be the assistant's");
        }
    }

    /// `output_config`, and `output_format`, which it had as its name before.
    private static Output output(Fields fields) {
        OutputRule older = fields.object("output_format").map(MessagesBody::format)
                .orElse(new OutputRule.Free());
        return fields.object("output_config").map(config -> {
            OutputRule rule = config.object("format").map(MessagesBody::format).orElse(older);
            String effort = config.text("effort").orElse("");
            if (!List.of("", "low", "medium", "high", "xhigh", "max").contains(effort)) {
                throw config.wrong("effort", "low, medium, high, xhigh or max", effort);
            }
            config.end();
            return new Output(rule, effort);
        }).orElse(new Output(older, ""));
    }

    private static OutputRule format(Fields format) {
        format.only("type", "json_schema");
        Fields schema = format.object("schema").orElseThrow(() -> format.missing("schema"));
        format.end();
        return new OutputRule.Schema(schema.values());
    }

    private static SamplingParams sampling(Fields fields) {
        return SamplingParams.defaults()
                .withTemperature((float) fields.number("temperature", 0, 1).orElse(1))
                .withTopP((float) fields.number("top_p", 0, 1).orElse(1))
                .withTopK(fields.integer("top_k", 0, Integer.MAX_VALUE).orElse(0));
    }

    private static List<String> stops(Fields fields) {
        List<String> stops = fields.texts("stop_sequences");
        for (String stop : stops) {
            if (stop.isBlank() || stops.size() > STOPS_MAX) {
                throw ApiException.invalid("stop_sequences", "stop_sequences: at most " + STOPS_MAX
                        + " texts, and none of them white space alone");
            }
        }
        return stops;
    }

    /// What the model is asked.
    ///
    /// @throws ApiException if the model can not do what the body wants
    ChatRequest request(HostedModel hosted) {
        Map<String, Object> variables = thinking.variables(hosted);
        if (!tools.shown().isEmpty() && !hosted.callsTools()) {
            throw ApiException.invalid("tools", "tools: the chat template of the model '%s' knows "
                    .formatted(hosted.name()) + "no tools");
        }
        return new ChatRequest(hosted.name(), input.messages(), tools.shown(), variables,
                input.prefill(), settings);
    }
}
