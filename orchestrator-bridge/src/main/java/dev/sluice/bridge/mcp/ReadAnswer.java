package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.Usage;
import dev.sluice.runtime.toolcall.MessageEvent;
import java.util.LinkedHashMap;
import java.util.Map;

/// An answer that has been read to its end, with progress told meanwhile.
record ReadAnswer(String text, String reasoning, Finished end) {
    /// Reads; when the client cancels, the engine stops at its next step.
    static ReadAnswer read(ToolCall call, ChoiceReader reader, int maxTokens) {
        call.stopsBy(reader::cancel);
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        boolean complete = false;
        try {
            while (reader.finished().isEmpty()) {
                ChoiceReader.Piece piece = reader.next();
                for (MessageEvent event : piece.events()) {
                    if (event instanceof MessageEvent.Content(String said)) {
                        text.append(said);
                    } else if (event instanceof MessageEvent.Reasoning(String thought)) {
                        reasoning.append(thought);
                    }
                }
                if (!piece.tokenIds().isEmpty()) {
                    call.progressed(maxTokens);
                }
            }
            complete = true;
        } finally {
            if (!complete) {
                reader.cancel();
            }
        }
        call.requireWanted();
        return new ReadAnswer(text.toString(), reasoning.toString(),
                reader.finished().orElseThrow());
    }

    /// The text, when a grammar has made it and it came to its end.
    ///
    /// @throws ApiException if it was cut, and so is not what was promised
    String requireWhole() {
        if (end.reason() != FinishReason.STOP) {
            throw new ApiException(ApiException.Kind.FAILED, "max_tokens",
                    "the answer was cut before its end (%s) and is not valid".formatted(
                            reason(end.reason())));
        }
        return text;
    }

    Map<String, Object> fields() {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("text", text);
        if (!reasoning.isEmpty()) {
            fields.put("reasoning", reasoning);
        }
        fields.put("finish_reason", reason(end.reason()));
        fields.put("usage", usage(end.usage()));
        return fields;
    }

    static Map<String, Object> usage(Usage usage) {
        return Map.of("prompt_tokens", usage.promptTokens(),
                "cached_tokens", usage.cachedTokens(),
                "completion_tokens", usage.completionTokens());
    }

    private static String reason(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH, CONTEXT_FULL -> "length";
            case CANCELLED -> "cancelled";
            case DEADLINE -> "deadline";
        };
    }
}
