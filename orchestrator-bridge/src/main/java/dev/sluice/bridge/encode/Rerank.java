package dev.sluice.bridge.encode;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTask;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// `POST /v1/rerank`: documents by their relevance to a query, the most relevant first. A score is
/// the model's own: a BERT cross-encoder's logit, or a probability where the model gives one.
final class Rerank {
    private static final int DOCUMENTS_MAX = 2048;

    private final ModelHost host;

    Rerank(ModelHost host) {
        this.host = host;
    }

    /// @param top        results wished; empty for all
    /// @param documents  their texts
    /// @param returned   whether results bring their documents
    private record Body(String model, String query, List<String> documents, OptionalInt top,
            boolean returned) {

        static Body read(Fields fields) {
            fields.ignore("user");
            var body = new Body(fields.text("model").orElse(""), fields.requiredText("query"),
                    documents(fields), fields.integer("top_n", 1, Integer.MAX_VALUE),
                    fields.flag("return_documents", false));
            fields.end();
            return body;
        }

        /// Texts, or objects with a text.
        private static List<String> documents(Fields fields) {
            if (!fields.has("documents")) {
                throw fields.missing("documents");
            }
            List<Object> list = fields.list("documents");
            if (list.isEmpty() || list.size() > DOCUMENTS_MAX) {
                throw ApiException.invalid("documents",
                        "documents: from 1 to %d, not %d".formatted(DOCUMENTS_MAX, list.size()));
            }
            var documents = new ArrayList<String>(list.size());
            for (Object each : list) {
                documents.add(switch (each) {
                    case String text -> text;
                    case Map<?, ?> map -> text("documents[" + documents.size() + "]", map);
                    case null, default -> throw fields.wrong("documents",
                            "texts, or objects with a text", each);
                });
            }
            return documents;
        }

        private static String text(String path, Map<?, ?> map) {
            Fields document = Fields.of(path, map);
            String text = document.requiredText("text");
            document.end();
            return text;
        }
    }

    private record Scored(int index, float score) { }

    void handle(Call call) {
        Body body = Body.read(call.fields());
        String name = body.model.isEmpty() ? host.defaultName(EncoderTask.RERANKER) : body.model;
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedEncoder encoder = lease.encoder(EncoderTask.RERANKER);
            var inputs = new ArrayList<EncoderInput>();
            for (String document : body.documents) {
                inputs.add(encoder.engine().texts().pair(body.query, document));
            }
            float[][] scores = EncodingRun.run(call.exchange(), encoder, inputs, "documents");
            var reply = new LinkedHashMap<String, Object>();
            reply.put("model", encoder.name());
            reply.put("object", "list");
            reply.put("usage", EncodingRun.usage(inputs));
            reply.put("results", results(body, scores));
            JsonReply.send(call.exchange(), 200, reply);
        }
    }

    private static List<Object> results(Body body, float[][] scores) {
        var ranked = new ArrayList<Scored>();
        for (int i = 0; i < scores.length; i++) {
            ranked.add(new Scored(i, scores[i][0]));
        }
        // A stable sort: equal scores keep the order of the request.
        ranked.sort((a, b) -> Float.compare(b.score, a.score));
        int count = Math.min(body.top.orElse(ranked.size()), ranked.size());
        var results = new ArrayList<Object>(count);
        for (Scored scored : ranked.subList(0, count)) {
            var result = new LinkedHashMap<String, Object>();
            result.put("index", scored.index);
            result.put("relevance_score", scored.score);
            if (body.returned) {
                result.put("document", Map.of("text", body.documents.get(scored.index)));
            }
            results.add(result);
        }
        return results;
    }
}
