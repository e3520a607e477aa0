package dev.sluice.models.onnx;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.StoredModel;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/// Writes one of our models as a folder that ONNX Runtime, ONNX Runtime GenAI and we ourselves can
/// run: `model.onnx`, its weights in `model.onnx.data`, `genai_config.json`, and the tokenizer and
/// chat template. Stateless.
public final class OnnxExport {
    static final String GRAPH = "model.onnx";
    static final String WEIGHTS = "model.onnx.data";
    private static final List<String> TEXT_FILES = List.of("tokenizer.json",
            "tokenizer_config.json", "special_tokens_map.json", "generation_config.json",
            "chat_template.jinja");

    private OnnxExport() { }

    /// Writes the model at `model` to `folder`, which is made when it is missing; files of the same
    /// names are replaced.
    ///
    /// @param layersDone  hears how many layers are written
    public static void write(Path model, Path folder, WeightForm form, IntConsumer layersDone) {
        try (TensorFile file = ModelPath.open(model); Arena copies = Arena.ofShared()) {
            StoredModel stored = StoredModel.of(file, copies);
            DecoderFamily.of(stored.config());
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve(GRAPH));
            try (var weights = new WeightFile(folder.resolve(WEIGHTS))) {
                byte[] graph = DecoderGraph.write(stored, weights, form, layersDone);
                writeTexts(file, folder);
                Files.writeString(folder.resolve(GenAiConfig.NAME),
                        Json.write(genAiConfig(stored, ModelTexts.of(file))));
                // Last: a folder without a graph is no model.
                Files.write(folder.resolve(GRAPH), graph);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("exporting to " + folder + ": " + e.getMessage(), e);
        }
    }

    private static void writeTexts(TensorFile file, Path folder) throws IOException {
        switch (file) {
            case GgufFile gguf -> gguf.metadata().writeVocabulary(
                    folder.resolve(OnnxTexts.GGUF));
            case SafetensorsFolder source -> {
                for (String name : TEXT_FILES) {
                    if (Files.exists(source.path().resolve(name))) {
                        Files.copy(source.path().resolve(name), folder.resolve(name),
                                StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
            case ModelGraph graph -> throw new IllegalStateException(
                    graph.path() + " has no weights to export");
        }
    }

    private static Map<String, Object> genAiConfig(StoredModel stored, ModelTexts texts) {
        var config = stored.config();
        var attention = config.attention();
        var decoder = new LinkedHashMap<String, Object>();
        decoder.put("session_options", Map.of("provider_options", List.of()));
        decoder.put("filename", GRAPH);
        decoder.put("head_size", attention.keyDim());
        decoder.put("hidden_size", config.hidden());
        decoder.put("num_attention_heads", attention.heads());
        decoder.put("num_key_value_heads", attention.kvHeads());
        decoder.put("num_hidden_layers", config.layers());
        var inputs = new LinkedHashMap<String, Object>();
        inputs.put("input_ids", "input_ids");
        inputs.put("attention_mask", "attention_mask");
        inputs.put("past_key_names", DecoderGraph.PAST_KEY);
        inputs.put("past_value_names", DecoderGraph.PAST_VALUE);
        decoder.put("inputs", inputs);
        var outputs = new LinkedHashMap<String, Object>();
        outputs.put("logits", "logits");
        outputs.put("present_key_names", DecoderGraph.PRESENT_KEY);
        outputs.put("present_value_names", DecoderGraph.PRESENT_VALUE);
        decoder.put("outputs", outputs);
        var model = new LinkedHashMap<String, Object>();
        model.put("type", config.architecture());
        model.put("context_length", config.contextLength());
        model.put("vocab_size", config.vocab());
        List<Integer> ends = texts.tokenizer().endOfGeneration().stream().sorted().toList();
        model.put("eos_token_id", ends);
        if (!ends.isEmpty()) {
            model.put("pad_token_id", ends.getFirst());
        }
        if (!texts.tokenizer().bosText().isEmpty()) {
            model.put("bos_token_id", texts.tokenizer().id(texts.tokenizer().bosText()));
        }
        model.put("decoder", decoder);
        var search = new LinkedHashMap<String, Object>();
        search.put("max_length", config.contextLength());
        search.put("past_present_share_buffer", true);
        var root = new LinkedHashMap<String, Object>();
        root.put("model", model);
        root.put("search", search);
        return root;
    }
}
