package dev.sluice.bridge.cli;

import dev.sluice.models.defaults.DefaultModel;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The option that names a model. Without it, the worker that ships.
final class ModelChoice {
    @Option(names = {"-m", "--model"}, paramLabel = "MODEL",
            description = "A .gguf file, or a folder with safetensors or an ONNX graph "
                    + "(default: the small worker that ships).")
    private Optional<Path> model;

    Path path() { return model.orElseGet(() -> shipped(DefaultModel.WORKER)); }

    boolean isGiven() { return model.isPresent(); }

    /// The file of a model that ships, written to the user's folder once.
    static Path shipped(DefaultModel model) {
        Path folder = Path.of(System.getProperty("user.home"), ".sluice", "models");
        try {
            return model.extractTo(folder);
        } catch (UncheckedIOException e) {
            throw new CommandFailedException(e.getMessage() + "; or name a model with -m");
        }
    }
}
