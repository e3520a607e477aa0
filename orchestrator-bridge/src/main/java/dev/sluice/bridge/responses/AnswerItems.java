package dev.sluice.bridge.responses;

import dev.sluice.bridge.openai.Identifiers;
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

/// An answer as its items, put together while it is read. One item is open at a time; what belongs
/// to none of its kind closes it and opens the next:
///
///     NONE --text--> REASONING | MESSAGE | CALL --other text--> closed, the next one opens
///
/// The handler's thread only.
final class AnswerItems {
    private enum Open { NONE, REASONING, MESSAGE, CALL }

    private final ResponseEvents events;
    private final boolean sealed;
    private final List<Map<String, Object>> items = new ArrayList<>();
    private final List<Object> warnings = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private final List<Object> logprobs = new ArrayList<>();
    /// Of tokens that have shown nothing so far.
    private final List<Object> pending = new ArrayList<>();
    private Open open = Open.NONE;
    private String id = "";
    private String callId = "";
    private String callName = "";

    /// @param sealed whether reasoning is given in its sealed form too
    AnswerItems(ResponseEvents events, boolean sealed) {
        this.events = events;
        this.sealed = sealed;
    }

    /// The closed items, in the order of the answer.
    List<Map<String, Object>> items() { return items; }

    /// What went wrong without harm to the answer.
    List<Object> warnings() { return warnings; }

    /// @param entries of one token's log-probabilities, or none
    void add(List<MessageEvent> grown, List<Object> entries) {
        pending.addAll(entries);
        for (MessageEvent event : grown) {
            add(event);
        }
    }

    private void add(MessageEvent event) {
        switch (event) {
            case Content(String piece) -> {
                begin(Open.MESSAGE);
                var told = List.copyOf(pending);
                logprobs.addAll(told);
                grow(piece, "output_text.delta", Map.of("content_index", 0, "logprobs", told));
            }
            case Reasoning(String piece) -> {
                begin(Open.REASONING);
                grow(piece, "reasoning_text.delta", Map.of("content_index", 0));
            }
            case CallBegun(int _, String models, String name) -> {
                close("completed");
                callId = Identifiers.call(models);
                callName = name;
                begin(Open.CALL);
            }
            case ArgumentsGrew(int _, String json) ->
                    grow(json, "function_call_arguments.delta", Map.of());
            case CallEnded _ -> close("completed");
            case Malformed(int _, boolean begun, String _, String reason) -> {
                warnings.add("a tool call could not be read: " + reason);
                if (begun) {
                    close("incomplete");
                }
            }
        }
        pending.clear();
    }

    /// Closes what is open. An answer without any text is an empty message.
    ///
    /// @param status completed, or incomplete if the answer was cut off
    void end(String status) {
        if (items.isEmpty() && open == Open.NONE && status.equals("completed")) {
            begin(Open.MESSAGE);
        }
        close(status);
    }

    private void begin(Open next) {
        if (open == next) {
            return;
        }
        close("completed");
        open = next;
        id = Identifiers.next(switch (next) {
            case NONE -> throw new IllegalStateException("nothing to open");
            case REASONING -> "rs";
            case MESSAGE -> "msg";
            case CALL -> "fc";
        });
        events.send("output_item.added", Map.of("output_index", items.size(),
                "item", item("in_progress", false)));
        if (open != Open.CALL) {
            events.send("content_part.added", place(Map.of("content_index", 0, "part", part())));
        }
    }

    private void grow(String piece, String event, Map<String, Object> more) {
        text.append(piece);
        var fields = new LinkedHashMap<String, Object>(more);
        fields.put("delta", piece);
        events.send(event, place(fields));
    }

    private void close(String status) {
        if (open == Open.NONE) {
            return;
        }
        switch (open) {
            case NONE -> { }
            case REASONING -> events.send("reasoning_text.done", place(
                    Map.of("content_index", 0, "text", text.toString())));
            case MESSAGE -> events.send("output_text.done", place(Map.of("content_index", 0,
                    "text", text.toString(), "logprobs", List.copyOf(logprobs))));
            case CALL -> events.send("function_call_arguments.done", place(
                    Map.of("name", callName, "arguments", text.toString())));
        }
        if (open != Open.CALL) {
            events.send("content_part.done", place(Map.of("content_index", 0, "part", part())));
        }
        Map<String, Object> item = item(status, true);
        events.send("output_item.done", Map.of("output_index", items.size(), "item", item));
        items.add(item);
        open = Open.NONE;
        text.setLength(0);
        logprobs.clear();
    }

    private Map<String, Object> place(Map<String, Object> fields) {
        var placed = new LinkedHashMap<String, Object>();
        placed.put("item_id", id);
        placed.put("output_index", items.size());
        placed.putAll(fields);
        return placed;
    }

    /// The part of the open item, as far as it is known.
    private Map<String, Object> part() {
        return open == Open.REASONING ? Items.reasoningText(text.toString())
                : Items.outputText(text.toString(), logprobs);
    }

    /// @param whole with its text; an item that has just been opened has none
    private Map<String, Object> item(String status, boolean whole) {
        return switch (open) {
            case NONE -> throw new IllegalStateException("no open item");
            case REASONING -> {
                Map<String, Object> item = Items.reasoning(id, status,
                        whole ? List.of(text.toString()) : List.of());
                if (sealed && whole) {
                    item.put("encrypted_content", SealedReasoning.seal(text.toString()));
                }
                yield item;
            }
            case MESSAGE -> Items.message(id, "assistant", status,
                    whole ? List.of(part()) : List.of());
            case CALL -> Items.call(id, status, callId, callName, text.toString());
        };
    }
}
