package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Which file of a folder is the decoder. Stateless.
final class GraphPath {
    /// What GenAI's builder and Optimum call it, the better one first.
    private static final List<String> USUAL = List.of(
            "model.onnx", "decoder_model_merged.onnx", "onnx/model.onnx",
            "onnx/decoder_model_merged.onnx");

    private GraphPath() { }

    /// The graph of `path`, which is a graph itself or a folder.
    static Path of(Path path, GenAiConfig config) {
        if (!Files.isDirectory(path)) {
            return path;
        }
        if (!config.filename().isEmpty()) {
            return path.resolve(config.filename());
        }
        List<Path> found = find(path);
        if (found.size() == 1) {
            return found.getFirst();
        }
        throw new MalformedModelException(path, found.isEmpty() ? "no .onnx file"
                : "%d .onnx files, name one of them: %s".formatted(found.size(), String.join(", ",
                        found.stream().limit(8).map(f -> path.relativize(f).toString())
                                .toList())));
    }

    /// The usual one, or all that are there.
    static List<Path> find(Path folder) {
        for (String name : USUAL) {
            if (Files.isRegularFile(folder.resolve(name))) {
                return List.of(folder.resolve(name));
            }
        }
        var found = new ArrayList<Path>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.onnx")) {
            files.forEach(found::add);
        } catch (IOException e) {
            throw new MalformedModelException(folder, "can not be read: " + e.getMessage());
        }
        found.sort(null);
        return found;
    }
}
