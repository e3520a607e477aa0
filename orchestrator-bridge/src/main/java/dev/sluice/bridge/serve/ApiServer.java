package dev.sluice.bridge.serve;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiException.Kind;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.llama.TextEndpoints;
import dev.sluice.bridge.openai.ChatCompletions;
import dev.sluice.bridge.openai.Completions;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which path is whose, for whom, and what an error looks like there. Any thread.
public final class ApiServer implements Exchange.Handler {
    /// A path's handler; it gets the caller's name.
    private interface Route {
        void handle(Exchange exchange, String client);
    }

    private final ApiKeys keys;
    private final ModelHost host;
    private final long started = System.currentTimeMillis() / 1000;
    private final Map<String, Route> routes = new LinkedHashMap<>();

    public ApiServer(ModelHost host, ApiKeys keys) {
        this.host = host;
        this.keys = keys;
        var chat = new ChatCompletions(host);
        routes.put("POST /v1/chat/completions", chat::handle);
        routes.put("POST /v1/completions", new Completions(host)::handle);
        var texts = new TextEndpoints(host);
        routes.put("POST /tokenize", texts::tokenize);
        routes.put("POST /detokenize", texts::detokenize);
        routes.put("POST /apply-template", texts::applyTemplate);
        routes.put("GET /props", texts::props);
        routes.put("GET /v1/models", (exchange, _) -> JsonReply.send(exchange, 200, models()));
        routes.put("GET /health", (exchange, _) -> JsonReply.send(exchange, 200, Map.of("status", "ok")));
    }

    @Override
    public void handle(Exchange exchange) {
        try {
            route(exchange);
        } catch (ApiException e) {
            if (exchange.status() != 0) {
                throw e;
            }
            if (e.kind() == Kind.OVERLOADED || e.kind() == Kind.UNAVAILABLE) {
                exchange.responseHeader("Retry-After", "1");
            }
            JsonReply.send(exchange, e.kind().status(), OpenAiErrors.body(e));
        }
    }

    private void route(Exchange exchange) {
        String path = exchange.path();
        Route route = routes.get(exchange.method() + " " + path);
        if (route == null) {
            throw unknown(exchange);
        }
        // Who only asks whether the server lives needs no key.
        String client = path.equals("/health") ? "" : keys.caller(exchange);
        route.handle(exchange, client);
    }

    private ApiException unknown(Exchange exchange) {
        for (String known : routes.keySet()) {
            if (known.endsWith(" " + exchange.path())) {
                return new ApiException(Kind.METHOD, "", exchange.path() + " takes "
                        + known.substring(0, known.indexOf(' ')) + ", not " + exchange.method());
            }
        }
        return new ApiException(Kind.NOT_FOUND, "", "there is nothing at " + exchange.path());
    }

    private Map<String, Object> models() {
        var list = new ArrayList<Object>();
        for (ModelHost.Listed model : host.list()) {
            var entry = new LinkedHashMap<String, Object>();
            entry.put("id", model.name());
            entry.put("object", "model");
            entry.put("created", started);
            entry.put("owned_by", "sluice");
            entry.put("state", model.state());
            entry.put("bytes", model.bytes());
            list.add(entry);
        }
        return Map.of("object", "list", "data", List.copyOf(list));
    }

    @Override
    public Exchange.Refusal refusal(int status, String message) {
        var error = new ApiException(Kind.of(status), "", message);
        return new Exchange.Refusal("application/json",
                JsonReply.bytes(OpenAiErrors.body(error)),
                status == 503 ? Map.of("Retry-After", "5") : Map.of());
    }
}
