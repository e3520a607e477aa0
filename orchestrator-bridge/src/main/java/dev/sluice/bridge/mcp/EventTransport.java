package dev.sluice.bridge.mcp;

import dev.sluice.bridge.http.Exchange;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import reactor.core.publisher.Mono;

/// The stream that answers one request: progress first, then the response. For the thread that
/// handles the request.
///
/// @param call nothing more is sent once it is cancelled
record EventTransport(Exchange.BodyStream stream, RunningCall call, McpJsonMapper json)
        implements McpStreamableServerTransport {

    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message) {
        return Mono.fromRunnable(() -> write(message));
    }

    /// The id would let a client resume the stream, which is not offered.
    @Override
    public Mono<Void> sendMessage(JSONRPCMessage message, String messageId) {
        return sendMessage(message);
    }

    private void write(JSONRPCMessage message) {
        if (call.isCancelled()) {
            return;
        }
        try {
            stream.write(("event: message\ndata: " + json.writeValueAsString(message) + "\n\n")
                    .getBytes(StandardCharsets.UTF_8));
        } catch (Exchange.ClientGoneException e) {
            call.cancel();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
        return json.convertValue(data, type);
    }

    /// The handler closes the stream.
    @Override
    public Mono<Void> closeGracefully() { return Mono.empty(); }
}
