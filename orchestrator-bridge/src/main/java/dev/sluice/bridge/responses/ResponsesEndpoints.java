package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.util.LinkedHashMap;
import java.util.Map;

/// OpenAI's Responses protocol: answers made of items, which the server can keep and go on from.
/// Tools run at the client; a tool that would run on the server is refused by its name.
public final class ResponsesEndpoints implements Endpoints {
    private final ModelHost host;
    private final ResponseStore store;

    public ResponsesEndpoints(ModelHost host, ResponseStore store) {
        this.host = host;
        this.store = store;
    }

    @Override
    public Map<String, Handler> routes() {
        var stored = new StoredResponses(store);
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /v1/responses", this::create);
        routes.put("GET /v1/responses/{id}", stored::get);
        routes.put("DELETE /v1/responses/{id}", stored::delete);
        routes.put("POST /v1/responses/{id}/cancel", stored::cancel);
        routes.put("GET /v1/responses/{id}/input_items", stored::inputItems);
        return routes;
    }

    private void create(Call call) {
        ResponseBody body = ResponseBody.read(call.fields(), call.client(), store);
        try (ModelHost.Lease lease = host.acquire(body.request().model())) {
            new RunningResponse(lease.model(), body).answer(call.exchange(),
                    (response, output) -> store.keep(call.client(), body, response, output));
        }
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
