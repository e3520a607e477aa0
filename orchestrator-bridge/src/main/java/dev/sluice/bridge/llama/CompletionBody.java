package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.TaskSlots;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.RequestHints;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// What `/completion` and `/infill` are asked beside the prompt. Immutable.
///
/// @param predict  tokens asked for, -1 for as many as fit
/// @param grammar  as it was given, for the answer to repeat; empty for none
/// @param slot     wanted, or [TaskSlots#NO_SLOT]
/// @param keep     has no effect: the context is never shifted
/// @param predictMillis after which a text that has a line break ends; 0 or less for never
record CompletionBody(ChatRequest.Settings settings, int predict, String grammar, int slot,
        int keep, int predictMillis, Shape shape) {

    /// What the answer looks like.
    ///
    /// @param progress whether a stream tells how far the prompt is
    /// @param fields paths of what is answered; all if empty
    record Shape(boolean stream, boolean tokens, boolean timings, boolean progress,
            List<String> fields) { }

    private static final int CHOICES_MAX = 128;
    private static final int STOPS_MAX = 64;

    /// @param client whose share of the engine it takes
    static CompletionBody read(Fields fields, String client, HostedModel model) {
        refuse(fields);
        int keep = fields.integer("n_keep", -1, Integer.MAX_VALUE).orElse(0);
        fields.ignore("n_discard");
        int predict = predict(fields);
        String grammar = grammar(fields);
        OutputRule rule = rule(fields, grammar);
        int choices = fields.integer("n_cmpl", 1, CHOICES_MAX)
                .orElse(fields.integer("n", 1, CHOICES_MAX).orElse(1));
        fields.ignore("n");
        // Who does not want the cache gets a space of their own in it, which nobody shares.
        boolean cached = fields.flag("cache_prompt", true);
        var settings = new ChatRequest.Settings(LlamaSampling.read(fields, model.tokenizer()),
                predict < 0 ? Integer.MAX_VALUE : Math.max(1, predict), stops(fields), choices,
                RequestHints.NONE.withClient(client), cached ? "" : UUID.randomUUID().toString(),
                rule);
        int slot = fields.integer("id_slot", -1, Integer.MAX_VALUE).orElse(TaskSlots.NO_SLOT);
        if (slot >= model.slots().count()) {
            throw ApiException.invalid("id_slot", "id_slot: there is no slot %d; there are 0 to %d"
                    .formatted(slot, model.slots().count() - 1));
        }
        int predictMillis = fields.integer("t_max_predict_ms", -1, Integer.MAX_VALUE).orElse(0);
        var shape = new Shape(fields.flag("stream", false), fields.flag("return_tokens", false),
                fields.flag("timings_per_token", false), fields.flag("return_progress", false),
                fields.texts("response_fields"));
        return new CompletionBody(settings, predict, grammar, slot, keep, predictMillis, shape);
    }

    /// What would change the answer and is not there, unless it is switched off.
    private static void refuse(Fields fields) {
        fields.only("n_indent", 0L);
        fields.only("n_cache_reuse", 0L);
        fields.only("lora", List.of());
        fields.only("grammar_lazy", false);
        fields.only("grammar_triggers", List.of());
        fields.only("preserved_tokens", List.of());
        // How guessing ahead is done never changes an answer; the rest is about the connection.
        fields.ignore("speculative.n_max", "speculative.n_min", "speculative.p_min",
                "speculative.types", "sse_ping_interval");
    }

    private static int predict(Fields fields) {
        int other = fields.integer("max_tokens", -2, Integer.MAX_VALUE).orElse(-1);
        return fields.integer("n_predict", -2, Integer.MAX_VALUE).orElse(other);
    }

    private static String grammar(Fields fields) {
        String grammar = fields.text("grammar").orElse("");
        if (!grammar.isEmpty() && fields.has("json_schema")) {
            throw ApiException.invalid("json_schema",
                    "json_schema and grammar exclude each other");
        }
        return grammar;
    }

    private static OutputRule rule(Fields fields, String grammar) {
        if (!grammar.isEmpty()) {
            return new OutputRule.Gbnf(grammar);
        }
        return fields.any("json_schema").map(schema -> {
            if (!(schema instanceof Map || schema instanceof Boolean)) {
                throw fields.wrong("json_schema", "a JSON Schema", schema);
            }
            return (OutputRule) new OutputRule.Schema(schema);
        }).orElse(new OutputRule.Free());
    }

    private static List<String> stops(Fields fields) {
        List<String> stops = fields.texts("stop").stream().filter(s -> !s.isEmpty()).toList();
        if (stops.size() > STOPS_MAX) {
            throw ApiException.invalid("stop", "stop: at most " + STOPS_MAX + " texts");
        }
        return stops;
    }

    /// The grammar's text as the answer repeats it.
    String shownGrammar() {
        return settings.rule() instanceof OutputRule.Schema(Object schema)
                ? Json.write(schema) : grammar;
    }
}
