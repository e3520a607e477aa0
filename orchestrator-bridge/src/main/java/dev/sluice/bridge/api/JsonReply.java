package dev.sluice.bridge.api;

import dev.sluice.bridge.http.Exchange;
import dev.sluice.models.json.Json;
import java.nio.charset.StandardCharsets;

/// A whole response that is one JSON value.
public final class JsonReply {
    private JsonReply() { }

    public static void send(Exchange exchange, int status, Object value) {
        exchange.respond(status, "application/json", bytes(value));
    }

    /// The value's compact text in UTF-8.
    public static byte[] bytes(Object value) {
        return Json.write(value).getBytes(StandardCharsets.UTF_8);
    }
}
