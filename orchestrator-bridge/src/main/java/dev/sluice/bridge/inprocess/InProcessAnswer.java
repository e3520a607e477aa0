package dev.sluice.bridge.inprocess;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.openai.Identifiers;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// An answer that is being generated. One thread reads it, once; [#cancel] from any.
public final class InProcessAnswer {
    private final ChoiceReader reader;
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<InProcessReply.Call> calls = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private volatile boolean cancelled;

    InProcessAnswer(ChoiceReader reader) {
        this.reader = reader;
    }

    /// Waits for the whole answer.
    ///
    /// @throws InProcessException if the engine fails
    public InProcessReply read() {
        return read(_ -> { });
    }

    /// Waits for the whole answer and tells what comes as it comes. Every call that begins has an
    /// id. If `each` throws, or this thread is interrupted (a `CancellationException`), the answer
    /// is cancelled.
    ///
    /// @throws InProcessException if the engine fails
    public InProcessReply read(Consumer<MessageEvent> each) {
        boolean ended = false;
        try {
            while (reader.finished().isEmpty()) {
                for (MessageEvent event : reader.next().events()) {
                    each.accept(kept(event));
                }
            }
            ended = true;
        } catch (ApiException e) {
            throw InProcessException.of(e);
        } finally {
            if (!ended) {
                reader.cancel();
            }
        }
        var last = reader.finished().orElseThrow();
        return new InProcessReply(content.toString(), reasoning.toString(), List.copyOf(calls),
                List.copyOf(warnings), last.reason(), last.usage());
    }

    private MessageEvent kept(MessageEvent event) {
        switch (event) {
            case Content(String text) -> content.append(text);
            case Reasoning(String text) -> reasoning.append(text);
            case CallBegun(int index, String id, String name) -> {
                var call = new InProcessReply.Call(Identifiers.call(id), name, "");
                calls.add(call);
                return new CallBegun(index, call.id(), name);
            }
            case ArgumentsGrew(int index, String json) -> calls.set(index,
                    calls.get(index).grown(json));
            case CallEnded _ -> { }
            case Malformed(int _, boolean _, String _, String reason) ->
                    warnings.add("a tool call could not be read: " + reason);
        }
        return event;
    }

    /// The calls so far, with what has come of their arguments. For the thread that reads.
    public List<InProcessReply.Call> calls() { return List.copyOf(calls); }

    /// Stops it at the engine's next step; it then ends with
    /// [dev.sluice.runtime.FinishReason#CANCELLED], unless it had ended already.
    public void cancel() {
        cancelled = true;
        reader.cancel();
    }

    public boolean isCancelled() { return cancelled; }
}
