package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.RunningChoices;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.openai.Identifiers;
import dev.sluice.bridge.openai.TokenLogprobs;
import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.Usage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One response from its submission to its last event:
///
///     created, in_progress, (an item and its parts)*, completed | incomplete | failed
///
/// The handler's thread only.
final class RunningResponse {
    /// Keeps a finished response before the client hears of its end, so that the next request can
    /// already go on from it.
    interface Keeper {
        /// @return whether it is kept
        boolean keep(Map<String, Object> response, List<Map<String, Object>> output);
    }

    private final String id = Identifiers.next("resp");
    private final HostedModel model;
    private final ResponseBody body;
    private final RunningChoices run;
    private final long createdSeconds;

    /// Submits the request.
    RunningResponse(HostedModel model, ResponseBody body) {
        this.model = model;
        this.body = body;
        createdSeconds = model.clock().millis() / 1000;
        run = ChatRun.start(model, body.request());
    }

    void answer(Exchange exchange, Keeper keeper) {
        run.serve(exchange, () -> {
            if (body.switches().stream()) {
                try (var stream = new EventStream(exchange)) {
                    stream(ResponseEvents.to(stream), keeper);
                }
            } else {
                JsonReply.send(exchange, 200, read(ResponseEvents.silent(), keeper));
            }
        });
    }

    private void stream(ResponseEvents events, Keeper keeper) {
        Map<String, Object> begun = response("in_progress", List.of());
        events.send("created", Map.of("response", begun));
        events.send("in_progress", Map.of("response", begun));
        try {
            Map<String, Object> response = read(events, keeper);
            events.send((String) response.get("status"), Map.of("response", response));
        } catch (ApiException e) {
            run.cancel();
            Map<String, Object> failed = response("failed", List.of());
            failed.put("error", Map.of("code", "server_error", "message", e.getMessage()));
            events.send("failed", Map.of("response", failed));
        }
    }

    /// Reads the answer to its end.
    private Map<String, Object> read(ResponseEvents events, Keeper keeper) {
        var answer = new AnswerItems(events, body.switches().sealed());
        ChoiceReader reader = run.readers().getFirst();
        while (reader.finished().isEmpty()) {
            ChoiceReader.Piece piece = reader.next();
            answer.add(piece.events(), piece.logprobs().isEmpty() ? List.of()
                    : List.of(TokenLogprobs.entry(model.tokenizer(), piece.logprobs())));
        }
        Finished end = reader.finished().orElseThrow();
        String status = status(end.reason());
        answer.end(status);
        Map<String, Object> response = response(status, answer.items());
        if (status.equals("completed")) {
            response.put("completed_at", model.clock().millis() / 1000);
        } else {
            response.put("incomplete_details", Map.of("reason", "max_output_tokens"));
        }
        response.put("usage", usage(end.usage(), reader.reasoningTokens()));
        if (!answer.warnings().isEmpty()) {
            response.put("warnings", answer.warnings());
        }
        // Nobody hears of the id of an answer that was cancelled.
        if (body.switches().store() && end.reason() != FinishReason.CANCELLED) {
            response.put("store", keeper.keep(response, answer.items()));
        }
        return response;
    }

    private static String status(FinishReason reason) {
        return switch (reason) {
            case STOP -> "completed";
            case LENGTH, CONTEXT_FULL, DEADLINE, CANCELLED -> "incomplete";
        };
    }

    private Map<String, Object> response(String status, List<Map<String, Object>> output) {
        var response = new LinkedHashMap<String, Object>();
        response.put("id", id);
        response.put("object", "response");
        response.put("created_at", createdSeconds);
        response.put("completed_at", null);
        response.put("status", status);
        response.put("error", null);
        response.put("incomplete_details", null);
        response.put("model", model.name());
        response.put("output", List.copyOf(output));
        response.put("usage", null);
        response.putAll(body.shown());
        return response;
    }

    private static Map<String, Object> usage(Usage usage, int reasoningTokens) {
        var shown = new LinkedHashMap<String, Object>();
        shown.put("input_tokens", usage.promptTokens());
        // What had to be computed is in the cache now.
        shown.put("input_tokens_details", Map.of("cached_tokens", usage.cachedTokens(),
                "cache_write_tokens", usage.promptTokens() - usage.cachedTokens()));
        shown.put("output_tokens", usage.completionTokens());
        shown.put("output_tokens_details", Map.of("reasoning_tokens", reasoningTokens));
        shown.put("total_tokens", usage.promptTokens() + usage.completionTokens());
        return shown;
    }
}
