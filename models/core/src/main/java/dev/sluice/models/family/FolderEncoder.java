package dev.sluice.models.family;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.Pooling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.json.Json;
import dev.sluice.models.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What a transformers folder says about itself as an encoder: the class in `config.json`, and the
/// layout of sentence-transformers beside it (`modules.json` with Transformer, Pooling, Normalize
/// or LogitScore).
final class FolderEncoder {
    private static final Pattern BERT = Pattern.compile(
            "(Bert|Roberta|XLMRoberta|Camembert)(Model|ForMaskedLM|ForPreTraining"
            + "|ForSequenceClassification)");

    private final SafetensorsFolder folder;
    private final JsonObject config;
    private final String architecture;

    FolderEncoder(SafetensorsFolder folder) {
        this.folder = folder;
        config = new JsonObject(folder.path().resolve("config.json"), folder.config());
        List<?> names = config.list("architectures");
        architecture = names.isEmpty() ? "" : String.valueOf(names.getFirst());
    }

    boolean isBert() {
        return isBert(architecture);
    }

    /// Whether a class of transformers is of the BERT family.
    static boolean isBert(String architecture) {
        return BERT.matcher(architecture).matches();
    }

    /// Whether the folder is an encoder: a BERT, a classifier, or a decoder with a list of modules
    /// or without a head.
    boolean isEncoder() {
        return isBert() || architecture.endsWith("ForSequenceClassification")
                || Files.exists(file("modules.json")) && !modules().isEmpty()
                || architecture.matches("(Qwen3|Qwen2|Mistral|Llama|Gemma2)Model");
    }

    EncoderRole role() {
        boolean causal = !isBert();
        if (architecture.endsWith("ForSequenceClassification")) {
            return EncoderRole.scores(causal ? Pooling.LAST : Pooling.FIRST, labels(),
                    new int[0]);
        }
        Pooling pooling = causal ? Pooling.LAST : Pooling.MEAN;
        boolean normalized = false;
        for (Map<?, ?> module : modules()) {
            String type = String.valueOf(module.get("type"));
            String name = type.substring(type.lastIndexOf('.') + 1);
            String path = String.valueOf(module.get("path"));
            switch (name) {
                case "Transformer" -> { }
                case "Pooling" -> pooling = pooling(object(path + "/config.json"));
                case "Normalize" -> normalized = true;
                case "LogitScore" -> {
                    return logitScore(object(path + "/config.json"));
                }
                default -> throw new UnsupportedModelException(
                        "%s: module '%s' is not supported; supported: Transformer, Pooling, "
                                .formatted(file("modules.json"), type)
                                + "Normalize, LogitScore");
            }
        }
        return EncoderRole.embedding(pooling, normalized, matryoshka());
    }

    /// Both names that model cards use for it.
    private boolean matryoshka() {
        return config.flag("is_matryoshka", false)
                || !config.list("matryoshka_dimensions").isEmpty();
    }

    private EncoderRole logitScore(JsonObject score) {
        if (!score.has("false_token_id")) {
            return EncoderRole.scores(Pooling.LAST, List.of(),
                    new int[] {score.integer("true_token_id")});
        }
        return EncoderRole.scores(Pooling.LAST, EncoderRole.YES_NO, new int[] {
                score.integer("true_token_id"), score.integer("false_token_id")});
    }

    /// `pooling_mode` of newer files, or the one flag that is set.
    private static Pooling pooling(JsonObject json) {
        String mode = json.string("pooling_mode",
                json.flag("pooling_mode_mean_tokens", false) ? "mean"
                : json.flag("pooling_mode_cls_token", false) ? "cls"
                : json.flag("pooling_mode_lasttoken", false) ? "lasttoken" : "another");
        return switch (mode) {
            case "mean" -> Pooling.MEAN;
            case "cls" -> Pooling.FIRST;
            case "lasttoken" -> Pooling.LAST;
            default -> throw new UnsupportedModelException(
                    "%s: pooling mode '%s' is not supported; supported: mean, cls, lasttoken"
                            .formatted(json.path(), mode));
        };
    }

    /// From `id2label`; transformers writes `num_labels` only where it is not 2.
    private List<String> labels() {
        JsonObject named = config.object("id2label");
        int count = config.has("id2label") ? named.values().size()
                : config.integer("num_labels", 2);
        var labels = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            labels.add(named.string(Integer.toString(i), "LABEL_" + i));
        }
        return count == 1 ? List.of() : labels;
    }

    BertConfig bert(int contextTokens) {
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        int layers = config.integer("num_hidden_layers");
        if (heads < 1 || hidden < 1 || hidden % heads != 0 || layers < 1 || layers > 512) {
            throw new MalformedModelException(config.path(),
                    "%d layers, %d heads of a hidden size of %d".formatted(
                            layers, heads, hidden));
        }
        requireKnown("hidden_act", "gelu");
        requireKnown("position_embedding_type", "absolute");
        int positions = config.integer("max_position_embeddings");
        int offset = architecture.startsWith("Bert") ? 0 : config.integer("pad_token_id", 1) + 1;
        int context = positions - offset;
        return new BertConfig("bert", config.string("_name_or_path", ""),
                config.integer("vocab_size"),
                contextTokens > 0 ? Math.min(contextTokens, context) : context, layers, hidden,
                config.integer("intermediate_size"), heads,
                (float) config.real("layer_norm_eps", 1e-12),
                config.integer("type_vocab_size", 2), 0, positions, offset);
    }

    private void requireKnown(String key, String known) {
        String value = config.string(key, known);
        if (!value.equals(known)) {
            throw new UnsupportedModelException("%s: %s '%s' is not supported; supported: %s"
                    .formatted(config.path(), key, value, known));
        }
    }

    /// Whether a pair's texts are separated twice, `<s> q </s></s> d </s>`.
    boolean separatesTwice() {
        return isBert() && !architecture.startsWith("Bert");
    }

    private List<Map<?, ?>> modules() {
        Path path = file("modules.json");
        if (!Files.exists(path)) {
            return List.of();
        }
        var modules = new ArrayList<Map<?, ?>>();
        if (!(parsed(path) instanceof List<?> list)) {
            throw new MalformedModelException(path, "not a list of modules");
        }
        for (Object entry : list) {
            if (!(entry instanceof Map<?, ?> module)) {
                throw new MalformedModelException(path, "a module that is not an object");
            }
            modules.add(module);
        }
        return modules;
    }

    @SuppressWarnings("unchecked") // Json makes every object's keys strings.
    private JsonObject object(String name) {
        Path path = file(name);
        if (!path.startsWith(folder.path().normalize())
                || !(parsed(path) instanceof Map<?, ?> map)) {
            throw new MalformedModelException(path, "not an object");
        }
        return new JsonObject(path, (Map<String, Object>) map);
    }

    private static Object parsed(Path path) {
        try {
            return Json.parse(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new MalformedModelException(path, "can not be read: " + e.getMessage());
        } catch (Json.MalformedJsonException e) {
            throw new MalformedModelException(path, e.byteOffset(), e.getMessage());
        }
    }

    private Path file(String name) {
        return folder.path().resolve(name).normalize();
    }
}
