package dev.sluice.bridge.mcp;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpServerSession;
import io.modelcontextprotocol.spec.McpServerTransport;
import io.modelcontextprotocol.spec.McpServerTransportProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import reactor.core.publisher.Mono;

/// MCP over a pair of streams, one message a line. Ours and not the SDK's, because a cancellation
/// must reach a call that runs: each request has a virtual thread, while [#serve] goes on reading.
final class StdioTransport implements McpServerTransportProvider {
    private final BufferedReader in;
    private final OutputStream out;
    private final PrintWriter log;
    private final McpJsonMapper json = ToolServer.json();
    private final RunningCalls calls = new RunningCalls();
    private Optional<McpServerSession> session = Optional.empty();

    /// @param log where anything goes that is not the protocol
    StdioTransport(InputStream in, OutputStream out, PrintWriter log) {
        this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        this.out = out;
        this.log = log;
    }

    @Override
    public void setSessionFactory(McpServerSession.Factory factory) {
        session = Optional.of(factory.create(new Writer()));
    }

    /// Reads until the client closes its side. What is still computed then is stopped.
    void serve() throws IOException {
        McpServerSession own = session.orElseThrow();
        try (ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank()) {
                    accept(own, line, requests);
                }
            }
            calls.cancelAll();
        }
    }

    private void accept(McpServerSession own, String line, ExecutorService requests) {
        JSONRPCMessage message;
        try {
            message = McpSchema.deserializeJsonRpcMessage(json, line);
        } catch (IOException | RuntimeException e) {
            log.println("mcp: a line that is no message was left out: " + e.getMessage());
            log.flush();
            return;
        }
        if (message instanceof JSONRPCRequest request) {
            var call = new RunningCall("stdio");
            // Known before the next line is read, which may cancel it.
            calls.begin(request.id(), call);
            requests.execute(() -> answer(own, request, call));
        } else if (!(message instanceof JSONRPCNotification n && calls.cancelledBy(n))) {
            own.handle(message).block();
        }
    }

    private void answer(McpServerSession own, JSONRPCRequest request, RunningCall call) {
        try {
            own.handle(request).contextWrite(context -> context.put(McpTransportContext.KEY,
                    McpTransportContext.create(Map.of(RunningCall.KEY, call)))).block();
        } catch (RuntimeException e) {
            log.println("mcp: " + request.method() + " failed: " + e.getMessage());
            log.flush();
        } finally {
            calls.end(request.id());
        }
    }

    private final class Writer implements McpServerTransport {
        @Override
        public Mono<Void> sendMessage(JSONRPCMessage message) {
            return Mono.fromRunnable(() -> write(message));
        }

        private void write(JSONRPCMessage message) {
            if (message instanceof JSONRPCResponse response && !calls.isWanted(response.id())) {
                return;
            }
            try {
                byte[] bytes = (json.writeValueAsString(message) + "\n")
                        .getBytes(StandardCharsets.UTF_8);
                synchronized (out) {
                    out.write(bytes);
                    out.flush();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
            return json.convertValue(data, type);
        }

        @Override
        public Mono<Void> closeGracefully() { return Mono.empty(); }
    }

    @Override
    public Mono<Void> notifyClients(String method, Object params) {
        return session.map(own -> own.sendNotification(method, params)).orElse(Mono.empty());
    }

    @Override
    public Mono<Void> closeGracefully() {
        return session.map(McpServerSession::closeGracefully).orElse(Mono.empty());
    }
}
