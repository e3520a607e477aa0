package dev.sluice.bridge.host;

import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/// What a model's file says of it. Immutable.
///
/// @param vocabularyKind `llama`, `gpt2`, `bert`, or an empty text where the file does not say
/// @param contextLength  that it was trained for
/// @param encoding       of most of its numbers, for instance `Q4_K`
/// @param weightBytes    as stored
public record ModelFacts(Path path, String architecture, String vocabularyKind, int vocab,
        int contextLength, int hidden, long parameters, String encoding, long weightBytes) {

    /// The encoding of most of a file's numbers.
    public static String encoding(TensorFile file) {
        var elements = new TreeMap<String, Long>();
        for (FileTensor tensor : file.tensors()) {
            elements.merge(tensor.type().toString(), tensor.elements(), Long::sum);
        }
        String most = "none";
        for (Map.Entry<String, Long> each : elements.entrySet()) {
            most = each.getValue() > elements.getOrDefault(most, -1L) ? each.getKey() : most;
        }
        return most;
    }

    /// What a file calls its architecture, without a look at whether it can be run.
    public static String architecture(TensorFile file) {
        return switch (file) {
            case GgufFile gguf -> gguf.metadata().string("general.architecture", "unknown");
            case SafetensorsFolder folder -> folder.config().get("model_type")
                    instanceof String type ? type : "unknown";
            case ModelGraph _ -> "onnx";
        };
    }

    static ModelFacts of(LoadedModel model) {
        String kind = switch (model.file()) {
            case GgufFile gguf -> gguf.metadata().string("tokenizer.ggml.model", "");
            case SafetensorsFolder _, ModelGraph _ -> "";
        };
        long parameters = 0;
        for (FileTensor tensor : model.file().tensors()) {
            parameters += tensor.elements();
        }
        return new ModelFacts(model.file().path(), model.config().architecture(), kind,
                model.config().vocab(), model.config().contextLength(), model.config().hidden(),
                parameters, encoding(model.file()), LoadedModel.weightBytes(model.file()));
    }
}
