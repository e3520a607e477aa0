package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.EventStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Tells a client that streams of what happens to a response, each event with its type and its
/// number; a client that waits for the whole is told nothing. The handler's thread only.
final class ResponseEvents {
    private final Optional<EventStream> stream;
    private long sent;

    private ResponseEvents(Optional<EventStream> stream) {
        this.stream = stream;
    }

    static ResponseEvents to(EventStream stream) {
        return new ResponseEvents(Optional.of(stream));
    }

    static ResponseEvents silent() {
        return new ResponseEvents(Optional.empty());
    }

    /// @param name of the event, without `response.`
    void send(String name, Map<String, Object> fields) {
        if (stream.isPresent()) {
            String type = "response." + name;
            var event = new LinkedHashMap<String, Object>();
            event.put("type", type);
            event.put("sequence_number", sent++);
            event.putAll(fields);
            stream.get().event(type, event);
        }
    }
}
