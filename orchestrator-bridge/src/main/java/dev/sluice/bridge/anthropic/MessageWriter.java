package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.Usage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// The JSON of one answer around its content. One thread.
///
/// Of the prompt, `cache_read_input_tokens` were not computed because the prefix cache had them,
/// whether or not the request has marks. The rest is kept for later requests: it counts as
/// `cache_creation_input_tokens` where the request asks for that with `cache_control`, and as
/// `input_tokens` where it does not. The three together are the prompt.
final class MessageWriter {
    private final MessagesBody body;
    private final String model;
    private final int promptTokens;
    private final String id = "msg_" + UUID.randomUUID().toString().replace("-", "");

    MessageWriter(MessagesBody body, String model, int promptTokens) {
        this.body = body;
        this.model = model;
        this.promptTokens = promptTokens;
    }

    BlockWriter.Shape shape() {
        return new BlockWriter.Shape(body.thinking().shown(), body.tools().oneCall());
    }

    /// Reads the answer to its end, or until no more of it may be sent.
    void read(ChoiceReader answer, BlockWriter blocks) {
        while (answer.finished().isEmpty()) {
            answer.next().events().forEach(blocks::add);
            if (blocks.isFull()) {
                answer.cancel();
            }
        }
        blocks.end();
    }

    /// The event `message_start`. What the cache had is known only in the end.
    Map<String, Object> start() {
        var event = new LinkedHashMap<String, Object>();
        event.put("type", "message_start");
        event.put("message", message(List.of(), null, null, usage(promptTokens, 0, 0, 0)));
        return event;
    }

    /// The event `message_delta`, with the usage of all.
    Map<String, Object> delta(ChoiceReader answer, BlockWriter blocks) {
        Finished finished = answer.finished().orElseThrow();
        var delta = new LinkedHashMap<String, Object>();
        delta.put("stop_reason", stopReason(finished, blocks));
        delta.put("stop_sequence", stopSequence(finished));
        var event = new LinkedHashMap<String, Object>();
        event.put("type", "message_delta");
        event.put("delta", delta);
        event.put("usage", usage(finished.usage()));
        return event;
    }

    Map<String, Object> message(
            List<Map<String, Object>> content, ChoiceReader answer, BlockWriter blocks) {
        Finished finished = answer.finished().orElseThrow();
        return message(content, stopReason(finished, blocks), stopSequence(finished),
                usage(finished.usage()));
    }

    private Map<String, Object> message(List<Map<String, Object>> content, String stopReason,
            String stopSequence, Map<String, Object> usage) {
        var message = new LinkedHashMap<String, Object>();
        message.put("id", id);
        message.put("type", "message");
        message.put("role", "assistant");
        message.put("model", model);
        message.put("content", content);
        message.put("stop_reason", stopReason);
        message.put("stop_sequence", stopSequence);
        message.put("usage", usage);
        return message;
    }

    private static String stopReason(Finished finished, BlockWriter blocks) {
        if (blocks.isFull()) {
            return "tool_use";
        }
        return switch (finished.reason()) {
            case STOP -> {
                if (blocks.hasCalls()) {
                    yield "tool_use";
                }
                yield finished.stop().isEmpty() ? "end_turn" : "stop_sequence";
            }
            case LENGTH, DEADLINE -> "max_tokens";
            case CONTEXT_FULL -> "model_context_window_exceeded";
            case CANCELLED -> "end_turn";
        };
    }

    private static String stopSequence(Finished finished) {
        return finished.reason() == FinishReason.STOP && !finished.stop().isEmpty()
                ? finished.stop() : null;
    }

    private Map<String, Object> usage(Usage usage) {
        int cached = usage.cachedTokens();
        int computed = usage.promptTokens() - cached;
        return usage(body.marked() ? 0 : computed, body.marked() ? computed : 0, cached,
                usage.completionTokens());
    }

    private static Map<String, Object> usage(int input, int created, int read, int output) {
        var usage = new LinkedHashMap<String, Object>();
        usage.put("input_tokens", input);
        usage.put("cache_creation_input_tokens", created);
        usage.put("cache_read_input_tokens", read);
        usage.put("output_tokens", output);
        return usage;
    }
}
