package dev.sluice.bridge.encode;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.util.LinkedHashMap;
import java.util.Map;

/// What encoders answer: vectors of texts as OpenAI's protocol has them, and documents ranked by
/// their relevance to a query as llama-server's and Jina's have them.
public final class EncoderEndpoints implements Endpoints {
    private final ModelHost host;

    public EncoderEndpoints(ModelHost host) {
        this.host = host;
    }

    @Override
    public Map<String, Handler> routes() {
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("POST /v1/embeddings", new Embeddings(host)::handle);
        Handler rerank = new Rerank(host)::handle;
        routes.put("POST /v1/rerank", rerank);
        routes.put("POST /rerank", rerank);
        routes.put("POST /v1/reranking", rerank);
        routes.put("POST /reranking", rerank);
        return routes;
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
