package dev.sluice.bridge.cli;

import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.file.ModelGraph;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The options of every command that runs one model, and how they open it.
final class ModelOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Mixin
    private ModelChoice choice;

    @Mixin
    private LoadingOptions loading;

    Path path() { return choice.path(); }

    /// Whether the user named a model; otherwise it is the one that ships.
    boolean isGiven() { return choice.isGiven(); }

    int threads() { return loading.threads(); }

    KvType kvType(KvType absent) { return loading.kvType(absent); }

    /// The backend, `auto` resolved.
    BackendChoice backend() { return loading.backend(); }

    /// Opens the model on a backend; the options that this mixin has go before those of
    /// `options`, which are the command's wishes.
    LoadedModel open(BackendChoice chosen, LoadOptions options) {
        return loading.open(spec, path(), chosen, options);
    }

    /// What computes an opened model, for the start line.
    String note(BackendChoice chosen, LoadedModel model) {
        return loading.note(chosen, model);
    }

    /// The same in a word, for figures.
    String computing(BackendChoice chosen, LoadedModel model) {
        return model.file() instanceof ModelGraph ? "onnx" : chosen.name();
    }
}
