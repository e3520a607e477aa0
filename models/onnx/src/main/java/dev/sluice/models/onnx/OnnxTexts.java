package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.file.GgufFile;
import java.nio.file.Files;
import java.nio.file.Path;

/// The tokenizer and chat template beside a graph: `tokenizer.json` and its companions, or the
/// metadata of the GGUF file that the graph was exported from. Stateless.
final class OnnxTexts {
    /// A GGUF file without tensors.
    static final String GGUF = "tokenizer.gguf";

    private OnnxTexts() { }

    static ModelTexts read(Path graphFolder) {
        for (Path folder : new Path[] {graphFolder, graphFolder.resolve("..").normalize()}) {
            if (Files.isRegularFile(folder.resolve("tokenizer.json"))) {
                return ModelTexts.inFolder(folder);
            }
            if (Files.isRegularFile(folder.resolve(GGUF))) {
                try (GgufFile file = GgufFile.open(folder.resolve(GGUF))) {
                    return ModelTexts.of(file);
                }
            }
        }
        throw new MalformedModelException(graphFolder,
                "no tokenizer.json and no %s beside the graph".formatted(GGUF));
    }
}
