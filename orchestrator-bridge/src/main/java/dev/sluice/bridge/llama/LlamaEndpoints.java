package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.util.LinkedHashMap;
import java.util.Map;

/// The endpoints of llama-server that agents' tools rely on.
public final class LlamaEndpoints implements Endpoints {
    private final ModelHost host;

    public LlamaEndpoints(ModelHost host) {
        this.host = host;
    }

    @Override
    public Map<String, Handler> routes() {
        var texts = new TextEndpoints(host);
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /tokenize", texts::tokenize);
        routes.put("POST /detokenize", texts::detokenize);
        routes.put("POST /apply-template", texts::applyTemplate);
        routes.put("GET /props", texts::props);
        routes.put("GET /health", call ->
                JsonReply.send(call.exchange(), 200, Map.of("status", "ok")));
        return routes;
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
