package dev.sluice.bridge.openai;

import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One whole answer as it is put together.
final class ChatMessage {
    private static final class Call {
        private final String id;
        private final String name;
        private final StringBuilder arguments = new StringBuilder();

        Call(String id, String name) {
            this.id = id;
            this.name = name;
        }
    }

    private final ChatWriter writer;
    private final ChoiceReader reader;
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<Call> calls = new ArrayList<>();
    private final List<Object> warnings = new ArrayList<>();
    private final List<Object> logprobs = new ArrayList<>();

    ChatMessage(ChatWriter writer, ChoiceReader reader) {
        this.writer = writer;
        this.reader = reader;
    }

    /// Reads the answer to its end.
    ChatMessage read() {
        while (reader.finished().isEmpty()) {
            ChoiceReader.Piece piece = reader.next();
            piece.events().forEach(this::add);
            if (!piece.logprobs().isEmpty()) {
                logprobs.add(writer.logprobEntry(piece.logprobs()));
            }
        }
        return this;
    }

    private void add(MessageEvent event) {
        switch (event) {
            case Content(String text) -> content.append(text);
            case Reasoning(String text) -> reasoning.append(text);
            case CallBegun(int _, String id, String name) ->
                    calls.add(new Call(Identifiers.call(id), name));
            case ArgumentsGrew(int index, String json) -> calls.get(index).arguments.append(json);
            case CallEnded _ -> { }
            case Malformed(int _, boolean _, String _, String reason) ->
                    warnings.add("a tool call could not be read: " + reason);
        }
    }

    Finished finished() { return reader.finished().orElseThrow(); }

    int reasoningTokens() { return reader.reasoningTokens(); }

    Map<String, Object> choice() {
        var message = new LinkedHashMap<String, Object>();
        message.put("role", "assistant");
        message.put("content", content.isEmpty() && !calls.isEmpty() ? null : content.toString());
        message.put("refusal", null);
        if (!reasoning.isEmpty()) {
            message.put("reasoning_content", reasoning.toString());
        }
        if (!calls.isEmpty()) {
            var list = new ArrayList<Object>();
            for (Call call : calls) {
                list.add(Map.of("id", call.id, "type", "function", "function",
                        Map.of("name", call.name, "arguments", call.arguments.toString())));
            }
            message.put("tool_calls", list);
        }
        if (!warnings.isEmpty()) {
            message.put("warnings", warnings);
        }
        var choice = new LinkedHashMap<String, Object>();
        choice.put("index", reader.index());
        choice.put("message", message);
        choice.put("logprobs", writer.logprobs() ? Map.of("content", logprobs) : null);
        choice.put("finish_reason",
                ChatWriter.finishReason(finished().reason(), !calls.isEmpty()));
        return choice;
    }
}
