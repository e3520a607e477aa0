package dev.sluice.runtime;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import dev.sluice.runtime.toolcall.MessageReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One whole answer of a model: what it says and which tools it calls. Calls that can not be read
/// are left out. Owned by the thread that makes it.
final class AssistantTurn {
    /// A call whose arguments are a JSON object.
    record Call(String name, Map<String, Object> arguments) {}

    private final StringBuilder content = new StringBuilder();
    private final List<String> names = new ArrayList<>();
    private final List<StringBuilder> arguments = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();

    /// Reads a text to its end.
    static AssistantTurn of(String text, MessageReader reader) {
        var turn = new AssistantTurn();
        reader.push(text, turn::add);
        reader.finish(turn::add);
        return turn;
    }

    private void add(MessageEvent event) {
        switch (event) {
            case Content(String text) -> content.append(text);
            case Reasoning _, Malformed _ -> { }
            case CallBegun(int _, String _, String name) -> {
                names.add(name);
                arguments.add(new StringBuilder());
            }
            case ArgumentsGrew(int index, String json) -> arguments.get(index).append(json);
            case CallEnded(int index) -> end(names.get(index), arguments.get(index).toString());
        }
    }

    private void end(String name, String json) {
        try {
            if (Json.parse(json) instanceof Map<?, ?> map) {
                var object = new LinkedHashMap<String, Object>();
                map.forEach((key, value) -> object.put((String) key, value));
                calls.add(new Call(name, object));
            }
        } catch (Json.MalformedJsonException e) {
            // A call that can not be read is none.
        }
    }

    String content() { return content.toString(); }

    List<Call> calls() { return calls; }
}
