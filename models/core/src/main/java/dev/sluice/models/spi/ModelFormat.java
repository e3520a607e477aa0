package dev.sluice.models.spi;

import dev.sluice.models.file.ModelGraph;
import java.nio.file.Path;

/// A kind of model folder that another artifact can open, found by `ServiceLoader`. Stateless.
public interface ModelFormat {
    /// For messages, for example `ONNX`.
    String name();

    /// Whether a path looks like this format's: names of files only, nothing is read.
    boolean holds(Path path);

    /// Reads what describes the model. Everything that is wrong with its bytes is a
    /// [dev.sluice.models.MalformedModelException]; a sound graph that is no decoder is an
    /// [dev.sluice.models.UnsupportedModelException].
    ModelGraph open(Path path);
}
