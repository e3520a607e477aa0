package dev.sluice.models.onnx;

import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.spi.ModelFormat;
import java.nio.file.Files;
import java.nio.file.Path;

/// Folders and files that hold an ONNX decoder. Stateless.
public final class OnnxFormat implements ModelFormat {
    /// For `ServiceLoader`.
    public OnnxFormat() { }

    @Override
    public String name() { return "ONNX"; }

    /// A file named so, a folder with `genai_config.json`, or one with a graph and without weights
    /// of our own formats, which are the better choice where a folder has both.
    @Override
    public boolean holds(Path path) {
        if (Files.isRegularFile(path)) {
            return path.toString().endsWith(".onnx");
        }
        return Files.isDirectory(path) && (Files.exists(path.resolve(GenAiConfig.NAME))
                || !GraphPath.find(path).isEmpty()
                && !Files.exists(path.resolve("model.safetensors"))
                && !Files.exists(path.resolve("model.safetensors.index.json")));
    }

    @Override
    public ModelGraph open(Path path) {
        return OnnxFolder.open(path);
    }
}
