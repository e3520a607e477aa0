package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiException.Kind;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// MCP's streamable HTTP at `/mcp`: the messages of a client come by POST, each request is
/// answered by a stream of events that ends with its response. We never begin a message, so there
/// is no stream to listen at (GET is a 405, as the protocol allows), and no stream is resumed: a
/// client that leaves frees its work.
public final class McpEndpoints implements Endpoints {
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final String SESSION = "Mcp-Session-Id";

    private final HttpSessions sessions = new HttpSessions();
    private final McpJsonMapper json = ToolServer.json();
    private final List<String> origins;

    /// @param origins besides this machine's that a browser's page may call from; `*` for any
    public McpEndpoints(ModelHost host, List<String> origins) {
        this.origins = List.copyOf(origins);
        ToolServer.over(sessions, host, ToolServer.version());
    }

    @Override
    public Map<String, Handler> routes() {
        return Map.of("POST /mcp", this::post, "DELETE /mcp", this::delete);
    }

    private void post(Call call) {
        requireOrigin(call.exchange());
        JSONRPCMessage message = message(call.exchange());
        if (message instanceof JSONRPCRequest request
                && request.method().equals(McpSchema.METHOD_INITIALIZE)) {
            initialize(call, request);
            return;
        }
        HttpSessions.Held held = held(call);
        if (message instanceof JSONRPCRequest request) {
            answer(call, held, request);
            return;
        }
        if (message instanceof JSONRPCNotification notification
                && !held.calls().cancelledBy(notification)) {
            held.session().accept(notification).block();
        }
        call.exchange().respond(202, "application/json", new byte[0]);
    }

    private void delete(Call call) {
        requireOrigin(call.exchange());
        HttpSessions.Held held = held(call);
        held.calls().cancelAll();
        sessions.remove(held.session().getId());
        held.session().delete().block();
        call.exchange().respond(204, "application/json", new byte[0]);
    }

    /// A page of another site must not reach a server on this machine, not even by a name of its
    /// own that it has pointed here (DNS rebinding). Programs send no origin.
    private void requireOrigin(Exchange exchange) {
        String origin = exchange.header("origin").orElse("");
        boolean allowed = origin.isEmpty() || origins.contains("*") || origins.contains(origin)
                || LOCAL.contains(host(origin));
        if (!allowed) {
            throw new ApiException(Kind.FORBIDDEN, "Origin",
                    "pages of this origin may not call; see --cors-origin");
        }
    }

    private static String host(String origin) {
        try {
            String host = URI.create(origin).getHost();
            return host == null ? "" : host;
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private JSONRPCMessage message(Exchange exchange) {
        try {
            return McpSchema.deserializeJsonRpcMessage(
                    json, new String(exchange.body(), StandardCharsets.UTF_8));
        } catch (IOException | RuntimeException e) {
            throw ApiException.invalid("", "the body is no JSON-RPC message");
        }
    }

    private HttpSessions.Held held(Call call) {
        String version = call.exchange().header("mcp-protocol-version").orElse("");
        if (!version.isEmpty() && !sessions.protocolVersions().contains(version)) {
            throw ApiException.invalid("MCP-Protocol-Version", "MCP-Protocol-Version: %s, not %s"
                    .formatted(String.join(", ", sessions.protocolVersions()), version));
        }
        String id = call.exchange().header(SESSION).orElseThrow(() ->
                ApiException.invalid(SESSION, SESSION + " is missing"));
        return sessions.held(id, call.client());
    }

    private void initialize(Call call, JSONRPCRequest request) {
        InitializeRequest asked;
        try {
            asked = json.convertValue(request.params(), InitializeRequest.class);
        } catch (RuntimeException e) {
            throw ApiException.invalid("params", "params are no initialize request");
        }
        var begun = sessions.factory().startSession(asked);
        McpSchema.InitializeResult result = begun.initResult().block();
        sessions.add(begun.session(), call.client());
        call.exchange().responseHeader(SESSION, begun.session().getId());
        call.exchange().respond(200, "application/json",
                bytes(JSONRPCResponse.result(request.id(), result)));
    }

    private void answer(Call call, HttpSessions.Held held, JSONRPCRequest request) {
        var running = new RunningCall(call.client());
        held.calls().begin(request.id(), running);
        call.exchange().onGone(running::cancel);
        call.exchange().responseHeader("Cache-Control", "no-cache");
        McpStreamableServerSession session = held.session();
        try (var stream = call.exchange().stream("text/event-stream; charset=utf-8")) {
            session.responseStream(new EventTransport(stream, running, json)).handle(request)
                    .contextWrite(context -> context.put(McpTransportContext.KEY,
                            McpTransportContext.create(Map.of(RunningCall.KEY, running))))
                    .block();
        } finally {
            held.calls().end(request.id());
        }
    }

    private byte[] bytes(Object message) {
        try {
            return json.writeValueAsBytes(message);
        } catch (IOException e) {
            throw new IllegalStateException("a message that can not be written", e);
        }
    }

    /// JSON-RPC's errors; a session that is not there is told by the status.
    @Override
    public Map<String, Object> error(ApiException error) {
        var body = new LinkedHashMap<String, Object>();
        body.put("jsonrpc", "2.0");
        body.put("id", null);
        body.put("error", Map.of("code", error.kind() == Kind.INVALID ? -32600 : -32000,
                "message", error.getMessage()));
        return body;
    }
}
