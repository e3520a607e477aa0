package dev.sluice.bridge.serve;

import dev.sluice.bridge.anthropic.AnthropicEndpoints;
import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiException.Kind;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.console.ConsoleEndpoints;
import dev.sluice.bridge.console.MetricsEndpoints;
import dev.sluice.bridge.encode.EncoderEndpoints;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.bridge.llama.LlamaEndpoints;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.mcp.McpEndpoints;
import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.openai.OpenAiEndpoints;
import dev.sluice.bridge.responses.ResponseStore;
import dev.sluice.bridge.responses.ResponsesEndpoints;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/// Whose request it is, which protocol answers it, and what an error looks like there. Any thread.
public final class ApiServer implements Exchange.Handler {
    private final ApiKeys keys;
    private final Telemetry telemetry;
    private final Endpoints openAi;
    private final RouteTable routes;

    /// A server that saves no slots and logs nothing.
    public ApiServer(ModelHost host, ApiKeys keys) {
        this(host, keys, SlotFolder.NONE);
    }

    /// A server that logs nothing.
    public ApiServer(ModelHost host, ApiKeys keys, SlotFolder slots) {
        this(host, keys, slots, new Telemetry(host, RequestLog.OFF));
    }

    /// A server that no page of another origin may call.
    public ApiServer(ModelHost host, ApiKeys keys, SlotFolder slots, Telemetry telemetry) {
        this(host, keys, slots, telemetry, List.of());
    }

    /// @param slots   where slots are saved
    /// @param origins of the pages that may call MCP
    public ApiServer(ModelHost host, ApiKeys keys, SlotFolder slots, Telemetry telemetry,
            List<String> origins) {
        this.keys = keys;
        this.telemetry = telemetry;
        openAi = new OpenAiEndpoints(host);
        routes = new RouteTable(List.of(
                openAi,
                new ResponsesEndpoints(host, new ResponseStore(Clock.systemUTC(),
                        ResponseStore.BYTES_MAX, ResponseStore.KEEP)),
                new EncoderEndpoints(host),
                new AnthropicEndpoints(host),
                new LlamaEndpoints(host, slots, keys::isAdministrator),
                new McpEndpoints(host, origins),
                new MetricsEndpoints(telemetry, keys::isAdministrator),
                new ConsoleEndpoints(telemetry, host.bytesMax())));
    }

    /// Everything that is served, as in `GET /v1/models/{id}`.
    public List<String> routes() { return routes.patterns(); }

    @Override
    public void handle(Exchange exchange) {
        telemetry.observe(exchange, this::answer);
    }

    private void answer(Exchange exchange, ObservedRequest request) {
        Endpoints protocol = openAi;
        try {
            String path = exchange.path();
            RouteTable.Route route = routes.find(exchange.method(), path);
            protocol = route.owner();
            request.routed(route.pattern());
            String client = "";
            if (route.isOpen()) {
                request.quiet();
            } else {
                client = keys.caller(exchange);
            }
            request.client(client);
            route.handler().handle(new Call(
                    exchange, client, route.parts(RouteTable.segments(path))));
        } catch (ApiException e) {
            request.refused(e);
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
        telemetry.refused(status);
        var error = new ApiException(Kind.of(status), "", message);
        return new Exchange.Refusal("application/json", JsonReply.bytes(openAi.error(error)),
                status == 503 ? Map.of("Retry-After", "5") : Map.of());
    }
}
