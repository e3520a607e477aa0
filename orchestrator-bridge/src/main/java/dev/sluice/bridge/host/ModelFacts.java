package dev.sluice.bridge.host;

import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import java.nio.file.Path;

/// What a model's file says of it. Immutable.
///
/// @param vocabularyKind `llama`, `gpt2`, `bert`, or an empty text where the file does not say
/// @param contextLength  that it was trained for
/// @param encoding       of most of its numbers, for instance `Q4_K`
/// @param weightBytes    as stored
public record ModelFacts(Path path, String architecture, String vocabularyKind, int vocab,
        int contextLength, int hidden, long parameters, String encoding, long weightBytes) {

    static ModelFacts of(LoadedModel model) {
        String kind = switch (model.file()) {
            case GgufFile gguf -> gguf.metadata().string("tokenizer.ggml.model", "");
            case SafetensorsFolder _, ModelGraph _ -> "";
        };
        long parameters = 0;
        FileTensor largest = model.file().tensors().iterator().next();
        for (FileTensor tensor : model.file().tensors()) {
            parameters += tensor.elements();
            largest = tensor.byteSize() > largest.byteSize() ? tensor : largest;
        }
        return new ModelFacts(model.file().path(), model.config().architecture(), kind,
                model.config().vocab(), model.config().contextLength(), model.config().hidden(),
                parameters, largest.type().toString(), LoadedModel.weightBytes(model.file()));
    }
}
