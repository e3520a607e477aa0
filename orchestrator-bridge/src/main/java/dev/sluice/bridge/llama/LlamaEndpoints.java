package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.host.ModelHost;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/// The endpoints of llama-server that agents' tools rely on, in the shapes of its documentation
/// (tools/server/README.md in its repository).
public final class LlamaEndpoints implements Endpoints {
    private final ModelHost host;
    private final SlotFolder folder;
    private final Predicate<String> administrators;

    /// @param folder that slots are saved to
    /// @param administrators whether a client may load and unload models
    public LlamaEndpoints(ModelHost host, SlotFolder folder, Predicate<String> administrators) {
        this.host = host;
        this.folder = folder;
        this.administrators = administrators;
    }

    @Override
    public Map<String, Handler> routes() {
        var texts = new TextEndpoints(host);
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /tokenize", texts::tokenize);
        routes.put("POST /detokenize", texts::detokenize);
        routes.put("POST /apply-template", texts::applyTemplate);
        var completions = new LlamaCompletions(host);
        routes.put("POST /completion", completions::complete);
        routes.put("POST /completions", completions::complete);
        routes.put("POST /infill", completions::infill);
        var slots = new SlotEndpoints(host, folder);
        routes.put("GET /slots", slots::list);
        routes.put("POST /slots/{id}", slots::act);
        var properties = new ServerProperties(host, folder);
        routes.put("GET /props", properties::props);
        var models = new ModelEndpoints(host, administrators);
        routes.put("POST /models/load", models::load);
        routes.put("POST /models/unload", models::unload);
        routes.put("GET /health", properties::health);
        routes.put("GET /v1/health", properties::health);
        return routes;
    }

    /// Who only asks whether the server lives needs no key.
    @Override
    public boolean isOpen(String route) { return route.endsWith("/health"); }

    @Override
    public Map<String, Object> error(ApiException error) {
        return LlamaErrors.body(error);
    }
}
