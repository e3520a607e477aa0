package dev.sluice.bridge.api;

import dev.sluice.bridge.http.Exchange;
import dev.sluice.models.json.Json;
import java.nio.charset.StandardCharsets;

/// Server-Sent Events of one response: one JSON value each.
public final class EventStream implements AutoCloseable {
    private final Exchange.BodyStream body;

    public EventStream(Exchange exchange) {
        exchange.responseHeader("Cache-Control", "no-cache");
        exchange.responseHeader("X-Accel-Buffering", "no");
        body = exchange.stream("text/event-stream; charset=utf-8");
    }

    /// Sends `data: JSON`.
    ///
    /// @throws Exchange.ClientGoneException if the client has gone
    public void data(Object value) {
        raw("data: " + Json.write(value) + "\n\n");
    }

    /// Sends `event: NAME` with `data: JSON`.
    public void event(String name, Object value) {
        raw("event: " + name + "\ndata: " + Json.write(value) + "\n\n");
    }

    /// Sends `data: TEXT` as it is, for the marks that end a stream.
    public void mark(String text) {
        raw("data: " + text + "\n\n");
    }

    /// A comment, which clients skip; it tells that the connection is alive.
    public void heartbeat() {
        raw(": \n\n");
    }

    private void raw(String text) {
        body.write(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        body.close();
    }
}
