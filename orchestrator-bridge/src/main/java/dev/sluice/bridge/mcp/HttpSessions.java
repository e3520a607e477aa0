package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/// The sessions of MCP clients over HTTP, the least recently used one forgotten first. Any thread.
final class HttpSessions implements McpStreamableServerTransportProvider {
    /// A client that has gone without a word leaves its session behind; one is some kilobytes.
    private static final int SESSIONS_MAX = 1024;

    /// @param owner the only caller that may use it
    record Held(McpStreamableServerSession session, String owner, RunningCalls calls) { }

    private final Map<String, Held> sessions = new LinkedHashMap<>(16, 0.75f, true);
    private Optional<McpStreamableServerSession.Factory> factory = Optional.empty();

    @Override
    public void setSessionFactory(McpStreamableServerSession.Factory made) {
        factory = Optional.of(made);
    }

    McpStreamableServerSession.Factory factory() { return factory.orElseThrow(); }

    synchronized void add(McpStreamableServerSession session, String owner) {
        sessions.put(session.getId(), new Held(session, owner, new RunningCalls()));
        if (sessions.size() > SESSIONS_MAX) {
            sessions.remove(sessions.keySet().iterator().next());
        }
    }

    /// @throws ApiException if it is not there, or another's: who guesses an id learns nothing
    synchronized Held held(String id, String owner) {
        Held held = sessions.get(id);
        if (held == null || !held.owner().equals(owner)) {
            throw new ApiException(ApiException.Kind.NOT_FOUND, "Mcp-Session-Id",
                    "there is no such session; begin one with initialize");
        }
        return held;
    }

    synchronized void remove(String id) {
        sessions.remove(id);
    }

    private synchronized List<Held> all() { return new ArrayList<>(sessions.values()); }

    @Override
    public Mono<Void> notifyClients(String method, Object params) {
        return Flux.fromIterable(all())
                .flatMap(held -> held.session().sendNotification(method, params)).then();
    }

    @Override
    public Mono<Void> closeGracefully() {
        return Flux.fromIterable(all()).flatMap(held -> held.session().closeGracefully()).then();
    }
}
