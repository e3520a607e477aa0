package dev.sluice.bridge.api;

import dev.sluice.bridge.http.Exchange;
import java.util.Map;

/// One request that has found its route. For the one thread that handles it.
///
/// @param client whose request it is: the name of its key, or an empty text
/// @param parts  what stands in the path for each `{name}` of the route
public record Call(Exchange exchange, String client, Map<String, String> parts) {
    /// The body's fields.
    public Fields fields() { return Fields.of(exchange.body()); }

    /// What stands for `{name}`.
    public String part(String name) { return parts.get(name); }
}
