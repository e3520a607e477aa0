package dev.sluice.models.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The model `Unigram` of a `tokenizer.json`: a list of texts with their scores, by id. Used once,
/// by [JsonVocabulary].
final class JsonUnigram {
    private final JsonNode model;
    private final Map<String, Long> ids = new LinkedHashMap<>();
    private final double[] scores;
    private String unknown = "";

    JsonUnigram(JsonNode model) {
        this.model = model;
        List<JsonNode> vocab = model.at("vocab").list();
        scores = new double[vocab.size()];
        int unknownId = model.has("unk_id") ? model.at("unk_id").number() : vocab.size();
        for (int id = 0; id < scores.length; id++) {
            List<JsonNode> pair = vocab.get(id).list();
            if (pair.size() != 2 || !(pair.get(1).value() instanceof Number score)
                    || Double.isNaN(score.doubleValue())) {
                throw vocab.get(id).malformed("expected a text and its score");
            }
            String text = pair.get(0).text();
            scores[id] = score.doubleValue();
            if (ids.put(text, (long) id) != null) {
                throw vocab.get(id).malformed("'%s' is there twice".formatted(text));
            }
            unknown = id == unknownId ? text : unknown;
        }
        if (model.has("unk_id") && unknown.isEmpty()) {
            throw model.at("unk_id").malformed("expected an id of the vocabulary, got "
                    + unknownId);
        }
    }

    Map<?, ?> ids() { return ids; }

    /// The text of the unknown token; empty without one.
    String unknown() { return unknown; }

    TokenModel model(JsonPipeline pipeline) {
        if (pipeline.byteLevel()) {
            throw model.unsupported("Unigram behind ByteLevel", "Metaspace");
        }
        return new TokenModel.Unigram(pipeline.splitter(), scores,
                model.flag("byte_fallback", false), pipeline.spacePrefix(), pipeline.rules());
    }
}
