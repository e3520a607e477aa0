package dev.sluice.bridge.serve;

import dev.sluice.bridge.anthropic.AnthropicEndpoints;
import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiException.Kind;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.encode.EncoderEndpoints;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.llama.LlamaEndpoints;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.openai.OpenAiEndpoints;
import java.util.List;
import java.util.Map;

/// Whose request it is, which protocol answers it, and what an error looks like there. Any thread.
public final class ApiServer implements Exchange.Handler {
    private final ApiKeys keys;
    private final Endpoints openAi;
    private final RouteTable routes;

    /// A server that saves no slots.
    public ApiServer(ModelHost host, ApiKeys keys) {
        this(host, keys, SlotFolder.NONE);
    }

    /// @param slots where slots are saved
    public ApiServer(ModelHost host, ApiKeys keys, SlotFolder slots) {
        this.keys = keys;
        openAi = new OpenAiEndpoints(host);
        routes = new RouteTable(List.of(
                openAi,
                new EncoderEndpoints(host),
                new AnthropicEndpoints(host),
                new LlamaEndpoints(host, slots)));
    }

    @Override
    public void handle(Exchange exchange) {
        Endpoints protocol = openAi;
        try {
            String path = exchange.path();
            RouteTable.Route route = routes.find(exchange.method(), path);
            protocol = route.owner();
            // Who only asks whether the server lives needs no key.
            boolean open = path.equals("/health") || path.equals("/v1/health");
            String client = open ? "" : keys.caller(exchange);
            route.handler().handle(new Call(
                    exchange, client, route.parts(RouteTable.segments(path))));
        } catch (ApiException e) {
            if (exchange.status() != 0) {
                throw e;
            }
            if (e.kind() == Kind.OVERLOADED || e.kind() == Kind.UNAVAILABLE) {
                exchange.responseHeader("Retry-After", "1");
            }
            JsonReply.send(exchange, e.kind().status(), protocol.error(e));
        }
    }

    @Override
    public Exchange.Refusal refusal(int status, String message) {
        var error = new ApiException(Kind.of(status), "", message);
        return new Exchange.Refusal("application/json", JsonReply.bytes(openAi.error(error)),
                status == 503 ? Map.of("Retry-After", "5") : Map.of());
    }
}
