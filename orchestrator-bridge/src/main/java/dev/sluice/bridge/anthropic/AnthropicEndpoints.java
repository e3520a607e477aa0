package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.ModelHost;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/// Anthropic's protocol: `POST /v1/messages`, and `POST /v1/messages/count_tokens`. The header
/// `anthropic-version` is accepted whatever it says: one version exists. Any thread.
public final class AnthropicEndpoints implements Endpoints {
    /// Shorter than what proxies and clients take for a dead connection.
    private static final Duration PINGS = Duration.ofSeconds(10);

    private final ModelHost host;
    private final Duration pings;

    public AnthropicEndpoints(ModelHost host) {
        this(host, PINGS);
    }

    /// @param pings after which a client that waits for its first token hears something
    public AnthropicEndpoints(ModelHost host, Duration pings) {
        this.host = host;
        this.pings = pings;
    }

    @Override
    public Map<String, Handler> routes() {
        var messages = new Messages(host, pings);
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /v1/messages", call -> answer(call, messages::create));
        routes.put("POST /v1/messages/count_tokens",
                call -> answer(call, messages::countTokens));
        return routes;
    }

    private interface Identified {
        void handle(Call call, String requestId);
    }

    /// Every answer, an error too, has its request's id in the header `request-id`.
    private static void answer(Call call, Identified handler) {
        String requestId = AnthropicErrors.newRequestId();
        call.exchange().responseHeader("request-id", requestId);
        try {
            handler.handle(call, requestId);
        } catch (ApiException e) {
            if (call.exchange().status() != 0) {
                throw e;
            }
            if (e.kind() == ApiException.Kind.OVERLOADED
                    || e.kind() == ApiException.Kind.UNAVAILABLE) {
                call.exchange().responseHeader("Retry-After", "1");
            }
            JsonReply.send(call.exchange(), e.kind().status(), AnthropicErrors.body(e, requestId));
        }
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return AnthropicErrors.body(error, AnthropicErrors.newRequestId());
    }
}
