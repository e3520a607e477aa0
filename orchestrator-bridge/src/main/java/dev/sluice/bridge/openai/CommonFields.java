package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.runtime.RequestHints;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Fields that OpenAI's endpoints share.
public final class CommonFields {
    /// OpenAI allows four.
    private static final int STOPS_MAX = 16;

    private CommonFields() { }

    /// Reads what never changes an answer: who asks, what for, and where the request is counted.
    /// Of what a server may promise, only what this one keeps is accepted.
    public static void harmless(Fields fields) {
        for (String name : List.of("user", "safety_identifier", "prompt_cache_key")) {
            fields.text(name);
        }
        fields.object("metadata").ifPresent(metadata -> {
            metadata.values().keySet().forEach(metadata::text);
            metadata.end();
        });
        fields.oneOf("service_tier", "auto", "default");
        fields.oneOf("prompt_cache_retention", "in-memory", "in_memory");
    }

    /// Texts that end an answer.
    static List<String> stops(Fields fields) {
        List<String> stops = fields.texts("stop");
        if (stops.contains("") || stops.size() > STOPS_MAX) {
            throw ApiException.invalid("stop",
                    "stop: at most %d texts, none of them empty".formatted(STOPS_MAX));
        }
        return stops;
    }

    /// Whether a stream ends with what it cost.
    static boolean includeUsage(Fields fields) {
        return fields.object("stream_options").map(options -> {
            boolean usage = options.flag("include_usage", false);
            options.only("include_obfuscation", false);
            options.end();
            return usage;
        }).orElse(false);
    }

    /// Who asks, and how urgent it is.
    public static RequestHints hints(Fields fields, String client) {
        RequestHints hints = RequestHints.NONE.withClient(client)
                .withLane(fields.integer("priority", 0, RequestHints.LANES - 1).orElse(0));
        return fields.text("program_id").map(hints::withProgram).orElse(hints);
    }

    /// Variables of the chat template.
    ///
    /// @param effort the object in which the reasoning effort stands, under this name
    public static Map<String, Object> variables(Fields fields, Fields effort, String name) {
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
        effort.text(name).ifPresent(value -> {
            variables.put("reasoning_effort", value);
            variables.putIfAbsent("enable_thinking", !value.equals("none"));
        });
        return variables;
    }

    /// The form of the answer, from `{"type": ..}`.
    ///
    /// @param shape where the schema stands: under `json_schema`, or beside the type
    public static OutputRule format(Fields format, ToolFields.Shape shape) {
        OutputRule rule = switch (format.requiredText("type")) {
            case "text" -> new OutputRule.Free();
            case "json_object" -> new OutputRule.JsonObject();
            case "json_schema" -> {
                Fields schema = shape == ToolFields.Shape.FLAT ? format
                        : format.object("json_schema").orElseThrow(
                                () -> format.missing("json_schema"));
                schema.text("name");
                schema.text("description");
                schema.flag("strict", false);
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

    /// What holds of an answer that has a form and may have calls.
    public static OutputRule rule(OutputRule form, ToolFields tools) {
        if (form instanceof OutputRule.Free) {
            return tools.rule().isPresent() ? tools.rule().get() : form;
        }
        return tools.rule().or(tools::anyCalls)
                .<OutputRule>map(calls -> new OutputRule.CallsOrForm(calls, form)).orElse(form);
    }
}
