package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.models.json.Json;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import java.util.Map;
import java.util.Optional;

/// One call of a tool: its arguments, and the way to tell how it goes on. For the one thread that
/// answers it.
final class ToolCall {
    /// Tokens between two notes of progress: each is a message of its own.
    private static final int STEP = 8;

    private final Fields arguments;
    private final McpSyncServerExchange exchange;
    private final Optional<Object> progressToken;
    private final RunningCall running;
    private long done;

    ToolCall(McpSyncServerExchange exchange, CallToolRequest request) {
        this.exchange = exchange;
        Map<String, Object> given = request.arguments();
        // The grammars know numbers as our own parser makes them.
        arguments = Fields.of("", Json.parse(Json.write(given == null ? Map.of() : given)));
        progressToken = request.meta() == null ? Optional.empty()
                : Optional.ofNullable(request.meta().get("progressToken"));
        running = exchange.transportContext().get(RunningCall.KEY) instanceof RunningCall call
                ? call : new RunningCall("");
    }

    Fields arguments() { return arguments; }

    String client() { return running.client(); }

    /// What stops the work when the client does not want it any more.
    void stopsBy(Runnable action) {
        running.stopsBy(action);
    }

    /// @throws ApiException if the client does not want the answer any more
    void requireWanted() {
        if (running.isCancelled()) {
            throw new ApiException(ApiException.Kind.FAILED, "", "cancelled");
        }
    }

    /// One more token of `total`, or one more answer. Says nothing to who has not asked for it.
    void progressed(long total, int step, String message) {
        done++;
        if (progressToken.isPresent() && done % step == 0) {
            Double of = total < Integer.MAX_VALUE ? (Double) (double) total : null;
            exchange.progressNotification(new ProgressNotification(
                    progressToken.get(), (double) done, of, message, Map.of()));
        }
    }

    /// One more token.
    void progressed(long total) {
        progressed(total, STEP, "tokens");
    }
}
