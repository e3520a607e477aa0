package dev.sluice.bridge.http;

import java.util.Map;
import java.util.Optional;

/// One request and its response, for the one virtual thread that handles it. Exactly one of
/// [#respond] and [#stream] must be called.
public interface Exchange {
    String method();

    /// Decoded path without the query.
    String path();

    /// The first value of a query parameter.
    Optional<String> query(String name);

    /// The first value of a header; names in any case.
    Optional<String> header(String name);

    byte[] body();

    /// Runs once when the client has gone before the response was complete, perhaps on another
    /// thread; at once if that has happened already.
    void onGone(Runnable action);

    /// Adds a header to the response; before it begins.
    void responseHeader(String name, String value);

    /// Sends a whole response.
    void respond(int status, String contentType, byte[] body);

    /// Begins a response of unknown length with status 200.
    BodyStream stream(String contentType);

    /// Status of the response, 0 before there is one.
    int status();

    /// Sends a response's parts as they come. Waits when the client reads slowly.
    interface BodyStream extends AutoCloseable {
        /// Sends bytes at once.
        ///
        /// @throws ClientGoneException if the client has gone
        void write(byte[] bytes);

        /// Completes the response.
        @Override
        void close();
    }

    /// The client has closed the connection.
    final class ClientGoneException extends RuntimeException {
        private static final long serialVersionUID = 1;

        ClientGoneException() {
            super("the client has gone");
        }
    }

    /// What handles requests: virtual threads call it, many at once.
    interface Handler {
        void handle(Exchange exchange);

        /// The answer to what is not a request that could be handled: broken HTTP, a body that is
        /// too large, a fault of the handler.
        Refusal refusal(int status, String message);
    }

    /// @param headers besides the content type
    record Refusal(String contentType, byte[] body, Map<String, String> headers) {}
}
