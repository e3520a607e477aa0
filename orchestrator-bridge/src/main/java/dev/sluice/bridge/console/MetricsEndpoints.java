package dev.sluice.bridge.console;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.observe.Ledger;
import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// `GET /metrics` for Prometheus, and `GET /v1/usage`: what the caller has cost, or, for an
/// administrator, what everyone has.
public final class MetricsEndpoints implements Endpoints {
    private final Telemetry telemetry;
    private final Predicate<String> administrators;
    private final long started = System.currentTimeMillis() / 1000;

    /// @param administrators whether a client may see what others have cost
    public MetricsEndpoints(Telemetry telemetry, Predicate<String> administrators) {
        this.telemetry = telemetry;
        this.administrators = administrators;
    }

    @Override
    public Map<String, Handler> routes() {
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("GET /metrics", this::metrics);
        routes.put("GET /v1/usage", this::usage);
        return routes;
    }

    private void metrics(Call call) {
        ObservedRequest.current().ifPresent(ObservedRequest::quiet);
        call.exchange().respond(200, "text/plain; version=0.0.4; charset=utf-8",
                telemetry.scrape().getBytes(StandardCharsets.UTF_8));
    }

    private void usage(Call call) {
        ObservedRequest.current().ifPresent(ObservedRequest::quiet);
        boolean all = administrators.test(call.client());
        List<Ledger.Account> accounts = all ? telemetry.ledger().all()
                : List.of(telemetry.ledger().of(call.client()));
        var list = new ArrayList<Object>();
        for (Ledger.Account account : accounts) {
            list.add(entry(account));
        }
        var usage = new LinkedHashMap<String, Object>();
        usage.put("object", "usage");
        usage.put("since", started);
        usage.put("scope", all ? "all" : "own");
        usage.put("clients", list);
        JsonReply.send(call.exchange(), 200, usage);
    }

    private static Map<String, Object> entry(Ledger.Account account) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("client", account.client());
        entry.put("requests", account.requests());
        entry.put("prompt_tokens", account.promptTokens());
        entry.put("cached_tokens", account.cachedTokens());
        entry.put("completion_tokens", account.completionTokens());
        entry.put("engine_ms", Math.round(account.engineNanos() / 1e4) / 100.0);
        return entry;
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
