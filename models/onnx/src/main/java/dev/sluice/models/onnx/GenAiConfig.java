package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.json.Json;
import dev.sluice.models.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// What the JSON files beside a graph say: `genai_config.json` of ONNX Runtime GenAI, or the
/// `config.json` that Optimum leaves there. Numbers that neither gives are 0. Immutable.
///
/// @param filename  of the graph; empty when no file names it
/// @param inputs    names of inputs that differ from the usual ones, by their usual name
/// @param marks     tokens with a role
/// @param search    how a run goes that says nothing else, as it stands in the file
record GenAiConfig(String family, String filename, int contextLength, int vocab, int layers,
        Map<String, String> inputs, Heads heads, TokenMarks marks, JsonObject search) {

    static final String NAME = "genai_config.json";
    private static final String[] PLAIN_NAMES = {
        "input_ids", "attention_mask", "position_ids", "past_sequence_length",
        "total_sequence_length"};

    /// @param hidden  size of the residual stream
    record Heads(int queries, int keys, int size, int hidden) { }

    static GenAiConfig read(Path folder) {
        Path file = folder.resolve(NAME);
        if (Files.isRegularFile(file)) {
            return genAi(json(file));
        }
        Path config = folder.resolve("config.json");
        // As transformers has it: the generation's own file, where there is one, counts alone.
        boolean generation = Files.isRegularFile(folder.resolve("generation_config.json"));
        return Files.isRegularFile(config) ? transformers(json(config), generation)
                : new GenAiConfig("onnx", "", 0, 0, 0, Map.of(), new Heads(0, 0, 0, 0),
                        TokenMarks.NONE, new JsonObject(file, Map.of()));
    }

    private static GenAiConfig genAi(JsonObject root) {
        JsonObject model = root.object("model");
        JsonObject decoder = model.object("decoder");
        JsonObject names = decoder.object("inputs");
        var inputs = new java.util.HashMap<String, String>();
        for (String name : PLAIN_NAMES) {
            inputs.put(name, names.string(name, name));
        }
        return new GenAiConfig(model.string("type", "onnx"), plain(root.path(),
                decoder.string("filename", "")), model.integer("context_length", 0),
                model.integer("vocab_size", 0), decoder.integer("num_hidden_layers", 0),
                Map.copyOf(inputs),
                new Heads(decoder.integer("num_attention_heads", 0),
                        decoder.integer("num_key_value_heads", 0),
                        decoder.integer("head_size", 0), decoder.integer("hidden_size", 0)),
                TokenMarks.of(model), root.object("search"));
    }

    /// @param generation  whether a file beside it says what ends a generation
    private static GenAiConfig transformers(JsonObject c, boolean generation) {
        int heads = c.integer("num_attention_heads", c.integer("n_head", 0));
        int hidden = c.integer("hidden_size", c.integer("n_embd", 0));
        return new GenAiConfig(c.string("model_type", "onnx"), "",
                c.integer("max_position_embeddings", c.integer("n_positions", 0)),
                c.integer("vocab_size", 0),
                c.integer("num_hidden_layers", c.integer("n_layer", 0)), Map.of(),
                new Heads(heads, c.integer("num_key_value_heads", heads),
                        c.integer("head_dim", heads == 0 ? 0 : hidden / heads), hidden),
                generation ? TokenMarks.NONE : TokenMarks.of(c),
                new JsonObject(c.path(), Map.of()));
    }

    /// The longest sequence of a run that says nothing else, prompt included:
    /// `search.max_length`, and never more than the model's context; 0 when neither is given.
    int usualLength() {
        int wanted = search.integer("max_length", 0);
        return wanted <= 0 ? contextLength
                : contextLength <= 0 ? wanted : Math.min(wanted, contextLength);
    }

    private static String plain(Path file, String name) {
        if (!name.isEmpty() && !name.matches("[A-Za-z0-9_][A-Za-z0-9_. +=-]{0,200}")) {
            throw new MalformedModelException(file, "the decoder's file name is not plain");
        }
        return name;
    }

    /// The graph's name for an input.
    String input(String usual) {
        return inputs.getOrDefault(usual, usual);
    }

    @SuppressWarnings("unchecked") // Json makes every object's keys strings.
    private static JsonObject json(Path file) {
        try {
            if (Json.parse(Files.readAllBytes(file)) instanceof Map<?, ?> map) {
                return new JsonObject(file, (Map<String, Object>) map);
            }
            throw new MalformedModelException(file, "JSON that is not an object");
        } catch (Json.MalformedJsonException e) {
            throw new MalformedModelException(file, e.byteOffset(), e.getMessage());
        } catch (IOException e) {
            throw new MalformedModelException(file, "can not be read: " + e.getMessage());
        }
    }
}
