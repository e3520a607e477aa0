package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.spi.ModelFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/// Which format a path names.
public final class ModelPath {
    private ModelPath() { }

    /// Opens a GGUF file, a `.safetensors` file with its `config.json` beside it, a folder of
    /// safetensors, a folder that holds exactly one GGUF model, or what a [ModelFormat] takes for
    /// its own. Everything that is wrong with
    /// the path or its bytes is a [MalformedModelException].
    public static TensorFile open(Path path) {
        if (!Files.exists(path)) {
            throw new MalformedModelException(path, "no such file");
        }
        Optional<ModelFormat> other = format(path);
        if (other.isPresent()) {
            return other.get().open(path);
        }
        if (Files.isDirectory(path)) {
            return openFolder(path);
        }
        boolean safetensors = path.toString().endsWith(".safetensors") && !beginsAsGguf(path);
        return safetensors ? SafetensorsFolder.openFile(path) : GgufFile.open(path);
    }

    /// Whether a path names a model that another runtime executes.
    public static boolean isGraph(Path path) {
        return format(path).isPresent();
    }

    private static Optional<ModelFormat> format(Path path) {
        for (ModelFormat format : ServiceLoader.load(ModelFormat.class)) {
            if (format.holds(path)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    private static TensorFile openFolder(Path folder) {
        if (SafetensorsFolder.holdsModel(folder)) {
            return SafetensorsFolder.open(folder);
        }
        List<String> models = ggufModels(folder);
        if (models.size() == 1) {
            return GgufFile.open(folder.resolve(models.getFirst()));
        }
        throw new MalformedModelException(folder, models.isEmpty()
                ? "a folder without model files (wanted model.safetensors, "
                        + "model.safetensors.index.json, a .gguf file or an ONNX decoder)"
                : "a folder with %d GGUF models, name one of them: %s".formatted(models.size(),
                        String.join(", ", models.subList(0, Math.min(8, models.size())))));
    }

    /// Names of the folder's GGUF models; of a split one only the first part.
    private static List<String> ggufModels(Path folder) {
        var names = new ArrayList<String>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.gguf")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (SplitName.of(file).map(split -> split.part() == 1).orElse(true)) {
                    names.add(name);
                }
            }
        } catch (IOException e) {
            throw MappedFile.unreadable(folder, e);
        }
        names.sort(null);
        return names;
    }

    private static boolean beginsAsGguf(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(4), StandardCharsets.ISO_8859_1).equals("GGUF");
        } catch (IOException e) {
            throw MappedFile.unreadable(file, e);
        }
    }
}
