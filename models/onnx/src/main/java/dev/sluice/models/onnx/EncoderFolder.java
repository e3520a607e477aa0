package dev.sluice.models.onnx;

import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.Pooling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.json.Json;
import dev.sluice.models.json.JsonObject;
import dev.sluice.models.onnx.GraphFile.Value;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a folder with an ONNX encoder says of itself: the graph's inputs and outputs, transformers'
/// `config.json`, and the layout of sentence-transformers. Immutable.
///
/// @param graph   the `.onnx` file
/// @param inputs  the graph's, in the order in which it wants them
/// @param output  which output is taken
/// @param pooled  whether the graph pools by itself
record EncoderFolder(Path folder, Path graph, long weightBytes, List<Value> inputs, int output,
        boolean pooled, EncoderConfig config) {

    /// Token ids, and what goes with them; an encoder knows no others.
    private static final List<String> INPUTS =
            List.of("input_ids", "attention_mask", "token_type_ids");
    /// The better one first.
    private static final List<String> OUTPUTS = List.of("sentence_embedding", "logits",
            "last_hidden_state", "token_embeddings", "pooler_output");

    /// Whether a path is an encoder: a graph of token ids without caches.
    static boolean describes(Path path) {
        if (!new OnnxFormat().holds(path)
                || Files.exists(path.resolve(GenAiConfig.NAME))) {
            return false;
        }
        Path folder = folder(path);
        try (Arena arena = Arena.ofConfined()) {
            GraphFile graph = GraphFile.read(GraphPath.of(path, GenAiConfig.read(folder)), arena);
            return graph.inputs().stream().anyMatch(i -> i.name().equals("input_ids"))
                    && graph.inputs().stream().allMatch(i -> INPUTS.contains(i.name()));
        } catch (MalformedModelException e) {
            // Whoever opens it as a model says what is wrong.
            return false;
        }
    }

    private static Path folder(Path path) {
        return Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
    }

    static EncoderFolder read(Path path, EncoderOptions options) {
        Path folder = folder(path);
        try (Arena arena = Arena.ofConfined()) {
            GraphFile graph = GraphFile.read(GraphPath.of(path, GenAiConfig.read(folder)), arena);
            JsonObject json = json(folder.resolve("config.json"));
            int output = output(graph);
            Value value = graph.outputs().get(output);
            boolean pooled = value.dims().length == 2;
            long bytes = graph.weights().stream().mapToLong(t -> t.byteSize()).sum();
            return new EncoderFolder(folder, graph.path(), bytes, graph.inputs(), output, pooled,
                    config(folder, json, value, options));
        }
    }

    private static int output(GraphFile graph) {
        for (String wanted : OUTPUTS) {
            for (int i = 0; i < graph.outputs().size(); i++) {
                if (graph.outputs().get(i).name().equals(wanted)) {
                    return i;
                }
            }
        }
        throw new UnsupportedModelException("%s: none of the outputs %s is among %s".formatted(
                graph.path(), OUTPUTS, graph.outputs().stream().map(Value::name).toList()));
    }

    private static EncoderConfig config(Path folder, JsonObject json, Value value,
            EncoderOptions options) {
        long last = value.dims().length == 0 ? -1 : value.dims()[value.dims().length - 1];
        List<String> labels = labels(json);
        boolean scores = value.name().equals("logits");
        int outputs = last > 0 ? (int) last
                : scores ? Math.max(1, labels.size()) : json.integer("hidden_size");
        EncoderTask task = !scores ? EncoderTask.EMBEDDING
                : outputs == 1 ? EncoderTask.RERANKER : EncoderTask.CLASSIFIER;
        var named = new ArrayList<String>();
        for (int i = 0; i < outputs && task == EncoderTask.CLASSIFIER; i++) {
            named.add(i < labels.size() ? labels.get(i) : "LABEL_" + i);
        }
        Modules modules = modules(folder);
        int most = json.integer("max_position_embeddings", EncoderOptions.DEFAULT_CONTEXT_MAX)
                // RoBERTa counts positions from behind its padding's id.
                - (json.string("model_type", "").contains("roberta")
                ? json.integer("pad_token_id", 1) + 1 : 0);
        int wanted = options.contextTokens() > 0 ? options.contextTokens()
                : EncoderOptions.DEFAULT_CONTEXT_MAX;
        return new EncoderConfig(task, json.string("model_type", "onnx"),
                folder.getFileName().toString(), modules.pooling,
                task == EncoderTask.EMBEDDING && modules.normalized, outputs,
                Math.min(wanted, most), !json.list("matryoshka_dimensions").isEmpty(), named);
    }

    private static List<String> labels(JsonObject json) {
        JsonObject named = json.object("id2label");
        var labels = new ArrayList<String>();
        for (int i = 0; i < named.values().size(); i++) {
            labels.add(named.string(Integer.toString(i), "LABEL_" + i));
        }
        return labels;
    }

    /// @param normalized  without a list of modules embeddings are normalised, as all who compare
    ///                    them by cosine want
    private record Modules(Pooling pooling, boolean normalized) { }

    private static Modules modules(Path folder) {
        Path pooling = folder.resolve("1_Pooling").resolve("config.json");
        Pooling kind = Pooling.MEAN;
        if (Files.exists(pooling)) {
            JsonObject json = json(pooling);
            kind = json.flag("pooling_mode_cls_token", false) ? Pooling.FIRST
                    : json.flag("pooling_mode_lasttoken", false) ? Pooling.LAST : Pooling.MEAN;
            boolean known = kind != Pooling.MEAN || json.flag("pooling_mode_mean_tokens", true);
            if (!known) {
                throw new UnsupportedModelException(
                        pooling + ": supported pooling modes are mean, cls and lasttoken");
            }
        }
        Path list = folder.resolve("modules.json");
        boolean normalized = !Files.exists(list);
        if (Files.exists(list) && parsed(list) instanceof List<?> modules) {
            normalized = modules.stream().anyMatch(module -> module instanceof Map<?, ?> map
                    && String.valueOf(map.get("type")).endsWith(".Normalize"));
        }
        return new Modules(kind, normalized);
    }

    /// The object in a file; empty without the file.
    @SuppressWarnings("unchecked") // Json makes every object's keys strings.
    private static JsonObject json(Path file) {
        Object value = Files.exists(file) ? parsed(file) : Map.of();
        return Optional.of(value).filter(Map.class::isInstance)
                .map(map -> new JsonObject(file, (Map<String, Object>) map))
                .orElseThrow(() -> new MalformedModelException(file, "not an object"));
    }

    private static Object parsed(Path file) {
        try {
            return Json.parse(Files.readAllBytes(file));
        } catch (Json.MalformedJsonException e) {
            throw new MalformedModelException(file, e.byteOffset(), e.getMessage());
        } catch (IOException e) {
            throw new MalformedModelException(file, "can not be read: " + e.getMessage());
        }
    }
}
