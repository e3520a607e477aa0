package dev.sluice.bridge.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The option that names a model.
final class ModelChoice {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "MODEL",
            description = "A .gguf file, or a folder with safetensors.")
    private Optional<Path> model;

    Path path() {
        return model.orElseThrow(() -> new ParameterException(spec.commandLine(),
                "no model given: name one with -m MODEL (no default model ships yet)"));
    }

    boolean isGiven() { return model.isPresent(); }
}
