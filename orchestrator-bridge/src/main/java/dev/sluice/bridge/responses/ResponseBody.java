package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.chat.SamplingFields;
import dev.sluice.bridge.openai.CommonFields;
import dev.sluice.bridge.openai.ToolFields;
import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The body of `POST /v1/responses`.
///
/// @param request  the whole conversation, that of the previous responses included
/// @param context  every item of it
/// @param input    of those, the ones that this request brought
/// @param previous id of the response that this one goes on from; empty for none
/// @param shown    fields of the request that the response repeats, in its order
record ResponseBody(ChatRequest request, List<Map<String, Object>> context,
        List<Map<String, Object>> input, String previous, Switches switches,
        Map<String, Object> shown) {

    /// @param sealed whether reasoning comes in its sealed form too
    record Switches(boolean store, boolean stream, boolean sealed) {}

    private static final String LOGPROBS = "message.output_text.logprobs";
    private static final String SEALED = "reasoning.encrypted_content";

    /// @param client whose share of the engine it takes, and whose stored items it may name
    static ResponseBody read(Fields fields, String client, ResponseStore store) {
        onlySupported(fields);
        String previous = fields.text("previous_response_id").orElse("");
        List<Map<String, Object>> items = new ArrayList<>(
                previous.isEmpty() ? List.of() : store.context(client, previous));
        List<Map<String, Object>> input =
                new InputItems(id -> store.item(client, id)).read(fields);
        items.addAll(input);
        if (items.isEmpty()) {
            throw ApiException.invalid("input", "input must have at least one item");
        }
        String instructions = fields.text("instructions").orElse("");
        List<String> include = fields.texts("include");
        var switches = new Switches(fields.flag("store", true), fields.flag("stream", false),
                include.contains(SEALED));
        Fields reasoning = fields.object("reasoning").orElse(Fields.of("reasoning", Map.of()));
        ToolFields tools = ToolFields.read(fields, ToolFields.Shape.FLAT);
        SamplingParams sampling = sampling(fields, include);
        int maxTokens = fields.integer("max_output_tokens", 1, Integer.MAX_VALUE)
                .orElse(Integer.MAX_VALUE);
        var settings = new ChatRequest.Settings(sampling, maxTokens, List.of(), 1,
                CommonFields.hints(fields, client), fields.text("cache_salt").orElse(""),
                CommonFields.rule(form(fields), tools));
        var request = new ChatRequest(fields.text("model").orElse(""),
                Conversation.messages(instructions, items), tools.shown(),
                CommonFields.variables(fields, reasoning, "effort"), "", settings);
        // There is no summary to be had; `auto` leaves it to the server whether there is one.
        reasoning.oneOf("summary", "auto");
        reasoning.oneOf("generate_summary", "auto");
        reasoning.end();
        fields.end();
        return new ResponseBody(request, items, input, previous, switches,
                ShownFields.of(fields.values(), sampling));
    }

    private static void onlySupported(Fields fields) {
        CommonFields.harmless(fields);
        fields.only("background", false);
        fields.only("truncation", "disabled");
        // A limit for tools that run on the server, of which there are none.
        fields.integer("max_tool_calls", 1, Integer.MAX_VALUE);
        fields.object("stream_options").ifPresent(options -> {
            options.only("include_obfuscation", false);
            options.end();
        });
    }

    private static SamplingParams sampling(Fields fields, List<String> include) {
        for (String each : include) {
            if (!each.equals(LOGPROBS) && !each.equals(SEALED)) {
                throw ApiException.invalid("include", "include: '%s' is not supported, only %s, %s"
                        .formatted(each, LOGPROBS, SEALED));
            }
        }
        SamplingParams params = SamplingFields.read(fields);
        int top = fields.integer("top_logprobs", 0, SamplingParams.MAX_TOP_LOGPROBS).orElse(0);
        if (top > 0 && !include.contains(LOGPROBS)) {
            throw ApiException.invalid("top_logprobs",
                    "top_logprobs needs '" + LOGPROBS + "' in include");
        }
        return include.contains(LOGPROBS) ? params.withLogprobs(top) : params;
    }

    private static OutputRule form(Fields fields) {
        return fields.object("text").map(text -> {
            text.only("verbosity", "medium");
            OutputRule rule = text.object("format")
                    .map(format -> CommonFields.format(format, ToolFields.Shape.FLAT))
                    .orElse(new OutputRule.Free());
            text.end();
            return rule;
        }).orElse(new OutputRule.Free());
    }
}
