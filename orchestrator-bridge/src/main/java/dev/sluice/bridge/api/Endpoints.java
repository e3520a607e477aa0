package dev.sluice.bridge.api;

import java.util.Map;

/// What one protocol serves: its paths, and what its errors look like. Any thread.
public interface Endpoints {
    /// Answers a request; a virtual thread of its own calls it.
    interface Handler {
        void handle(Call call);
    }

    /// Handlers by method and path, as in `GET /v1/responses/{id}`: `{id}` is any one segment.
    Map<String, Handler> routes();

    /// Whether a route, as [#routes] names it, may be asked without a key.
    default boolean isOpen(String route) { return false; }

    /// The body of an error.
    Map<String, Object> error(ApiException error);
}
