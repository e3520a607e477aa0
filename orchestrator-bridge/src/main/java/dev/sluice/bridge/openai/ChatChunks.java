package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The chunks of one answer in a stream. The handler's thread only.
final class ChatChunks {
    private final EventStream events;
    private final ChatWriter writer;
    private final int index;
    private boolean calls;

    ChatChunks(EventStream events, ChatWriter writer, int index) {
        this.events = events;
        this.writer = writer;
        this.index = index;
    }

    /// Sends the role. All answers of a stream begin before one of them ends: clients that
    /// accumulate hold a stream complete when every answer that they have seen has ended.
    void begin() {
        var first = new LinkedHashMap<String, Object>();
        first.put("role", "assistant");
        first.put("content", "");
        send(first, null, List.of());
    }

    /// Sends what one token brought.
    void add(ChoiceReader.Piece piece) {
        List<Object> logprobs = piece.logprobs().isEmpty() ? List.of()
                : List.of(writer.logprobEntry(piece.logprobs()));
        if (piece.events().isEmpty() && !logprobs.isEmpty()) {
            send(Map.of(), null, logprobs);
        }
        for (MessageEvent event : piece.events()) {
            Map<String, Object> delta = delta(event);
            if (!delta.isEmpty()) {
                send(delta, null, logprobs);
                logprobs = List.of();
            }
        }
    }

    /// Sends why the answer ended.
    void end(Finished finished) {
        send(Map.of(), ChatWriter.finishReason(finished.reason(), calls), List.of());
    }

    private Map<String, Object> delta(MessageEvent event) {
        return switch (event) {
            case Content(String text) -> Map.of("content", text);
            case Reasoning(String text) -> Map.of("reasoning_content", text);
            case CallBegun(int call, String id, String name) -> {
                calls = true;
                yield Map.of("tool_calls", List.of(Map.of("index", call,
                        "id", Identifiers.call(id), "type", "function",
                        "function", Map.of("name", name, "arguments", ""))));
            }
            case ArgumentsGrew(int call, String json) -> Map.of("tool_calls",
                    List.of(Map.of("index", call, "function", Map.of("arguments", json))));
            case CallEnded _ -> Map.of();
            case Malformed(int _, boolean _, String _, String reason) -> Map.of("warnings",
                    List.of("a tool call could not be read: " + reason));
        };
    }

    private void send(Map<String, Object> delta, String finishReason, List<Object> logprobs) {
        var choice = new LinkedHashMap<String, Object>();
        choice.put("index", index);
        choice.put("delta", delta);
        choice.put("logprobs", logprobs.isEmpty() ? null : Map.of("content", logprobs));
        choice.put("finish_reason", finishReason);
        events.data(writer.chunk(choice));
    }
}
