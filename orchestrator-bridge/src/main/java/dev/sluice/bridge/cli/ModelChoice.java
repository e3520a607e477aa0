package dev.sluice.bridge.cli;

import dev.sluice.bridge.store.ModelStore;
import dev.sluice.bridge.store.StoredModel;
import dev.sluice.models.defaults.DefaultModel;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The option that names a model. Without it, the worker that ships.
final class ModelChoice {
    @Option(names = {"-m", "--model"}, paramLabel = "MODEL",
            description = "A .gguf file, a folder with safetensors or ONNX, or a name that 'list' "
                    + "shows "
                    + "(default: the small worker that ships).")
    private Optional<String> model;

    Path path() {
        return model.isPresent() ? path(model.get()) : shipped(DefaultModel.WORKER);
    }

    boolean isGiven() { return model.isPresent(); }

    /// A path if there is a file, otherwise the store's model of that name. What is neither stays
    /// a path: who opens it says that it is missing.
    static Path path(String model) {
        Path path = Path.of(model);
        return Files.exists(path) ? path
                : store().find(model).map(StoredModel::path).orElse(path);
    }

    /// The user's models.
    static ModelStore store() {
        return new ModelStore(Path.of(System.getProperty("user.home"), ".sluice", "models"));
    }

    /// The file of a model that ships, written to the user's folder once.
    static Path shipped(DefaultModel model) {
        try {
            return model.extractTo(store().root());
        } catch (UncheckedIOException e) {
            throw new CommandFailedException(e.getMessage() + "; or name a model with -m");
        }
    }
}
