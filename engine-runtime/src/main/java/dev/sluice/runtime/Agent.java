package dev.sluice.runtime;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model that calls Java methods until it has an answer: it reads a request and the list of
/// tools, its calls are run and their results told to it, and what it says without a call is the
/// answer. Any thread; each request is a conversation of its own, whose common beginning with the
/// others, the list of tools, is computed once.
///
/// ```java
/// var agent = new Agent(sluice, List.of(weather));
/// System.out.println(agent.ask("Get the weather in Oslo."));
/// ```
public final class Agent {
    /// More rounds than a task of this kind takes; a model that repeats a call would never end.
    private static final int ROUNDS_MAX = 16;

    private final Sluice sluice;
    private final Map<String, Tool> tools = new LinkedHashMap<>();
    private final List<Map<String, Object>> definitions = new ArrayList<>();
    private final ToolTypes types;

    /// @param sluice stays the caller's to close
    public Agent(Sluice sluice, List<Tool> tools) {
        this.sluice = sluice;
        for (Tool tool : tools) {
            if (this.tools.put(tool.name(), tool) != null) {
                throw new IllegalArgumentException("two tools are named '" + tool.name() + "'");
            }
            definitions.add(tool.definition());
        }
        types = ToolTypes.of(definitions);
    }

    /// The answer to a request, after as many calls of tools as the model makes.
    ///
    /// @throws GenerationFailed      if the model's answer breaks off
    /// @throws EndlessCallsException if it calls without end
    /// @throws RequestRejected       if the conversation outgrows the context, or the model's chat
    ///                               template knows no tools
    public String ask(String request) {
        var messages = new ArrayList<Map<String, Object>>();
        messages.add(sluice.message("user", request));
        for (int round = 0; round < ROUNDS_MAX; round++) {
            AssistantTurn turn = sluice.turn(messages, definitions, types);
            if (turn.calls().isEmpty()) {
                return turn.content();
            }
            messages.add(message(turn));
            for (AssistantTurn.Call call : turn.calls()) {
                messages.add(sluice.message("tool", run(call)));
            }
        }
        throw new EndlessCallsException(ROUNDS_MAX);
    }

    private String run(AssistantTurn.Call call) {
        Tool tool = tools.get(call.name());
        try {
            if (tool == null) {
                throw new ToolFailedException("no tool " + call.name());
            }
            return tool.body().call(call.arguments());
        } catch (ToolFailedException e) {
            return Json.write(Map.of("error", e.getMessage()));
        }
    }

    private Map<String, Object> message(AssistantTurn turn) {
        var calls = new ArrayList<Object>();
        for (AssistantTurn.Call call : turn.calls()) {
            var function = new LinkedHashMap<String, Object>();
            function.put("name", call.name());
            function.put("arguments", call.arguments());
            calls.add(Map.of("type", "function", "function", sluice.guarded(function)));
        }
        Map<String, Object> message = sluice.message("assistant", turn.content());
        message.put("tool_calls", calls);
        return message;
    }
}
