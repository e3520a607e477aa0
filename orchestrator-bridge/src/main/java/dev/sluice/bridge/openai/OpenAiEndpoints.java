package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.llama.ServerProperties;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// OpenAI's protocol.
public final class OpenAiEndpoints implements Endpoints {
    private final ModelHost host;
    private final long started = System.currentTimeMillis() / 1000;

    public OpenAiEndpoints(ModelHost host) {
        this.host = host;
    }

    @Override
    public Map<String, Handler> routes() {
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /v1/chat/completions", new ChatCompletions(host)::handle);
        routes.put("POST /v1/completions", new Completions(host)::handle);
        routes.put("GET /v1/models", this::models);
        routes.put("GET /v1/models/{id}", this::model);
        return routes;
    }

    private void models(Call call) {
        var list = new ArrayList<Object>();
        for (ModelHost.Listed model : host.list()) {
            list.add(entry(model));
        }
        JsonReply.send(call.exchange(), 200,
                Map.of("object", "list", "data", List.copyOf(list)));
    }

    private void model(Call call) {
        for (ModelHost.Listed model : host.list()) {
            if (model.name().equals(call.part("id"))) {
                JsonReply.send(call.exchange(), 200, entry(model));
                return;
            }
        }
        throw new ApiException(ApiException.Kind.NOT_FOUND, "model",
                "the model '%s' does not exist".formatted(call.part("id")));
    }

    private Map<String, Object> entry(ModelHost.Listed model) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("id", model.name());
        entry.put("object", "model");
        entry.put("created", started);
        entry.put("owned_by", "sluice");
        entry.put("state", model.state());
        entry.put("bytes", model.bytes());
        entry.put("kind", model.kind());
        entry.put("meta", model.model().map(ServerProperties::meta).orElse(null));
        return entry;
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
